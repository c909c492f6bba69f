/**
 * From the gradients of one rank to their sum over all, while backward goes on: buckets and their hand-over. Depends on
 * {@code device} and {@code collective}.
 */
@NullMarked
package org.sandglass.ops.gradient;

import org.jspecify.annotations.NullMarked;
