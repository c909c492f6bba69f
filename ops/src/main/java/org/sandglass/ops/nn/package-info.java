/**
 * Networks, their initial values and the names of their tensors. Knows no device: a network is a graph. Depends on
 * {@code device} (the contract only), {@code random} and {@code tensor}.
 */
@NullMarked
package org.sandglass.ops.nn;

import org.jspecify.annotations.NullMarked;
