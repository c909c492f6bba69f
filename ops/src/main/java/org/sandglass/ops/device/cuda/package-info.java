/**
 * Networks on NVIDIA GPUs, through the JavaCPP presets for CUDA. Depends on {@code device}, {@code tensor}, and
 * {@code collective}'s failures.
 */
@NullMarked
package org.sandglass.ops.device.cuda;

import org.jspecify.annotations.NullMarked;
