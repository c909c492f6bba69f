/** The contract between networks and what computes them. Depends on {@code tensor}. */
@NullMarked
package org.sandglass.ops.device;

import org.jspecify.annotations.NullMarked;
