/** Networks on NVIDIA GPUs, through the JavaCPP presets for CUDA. Depends on {@code device} and {@code tensor}. */
@NullMarked
package org.sandglass.ops.device.cuda;

import org.jspecify.annotations.NullMarked;
