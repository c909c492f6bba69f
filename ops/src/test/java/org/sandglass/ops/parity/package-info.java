/** Our half of {@code scripts/bench/pytorch-parity}: trains a few steps and writes down everything that PyTorch can check. */
@NullMarked
package org.sandglass.ops.parity;

import org.jspecify.annotations.NullMarked;
