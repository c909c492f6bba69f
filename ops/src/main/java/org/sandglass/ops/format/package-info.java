/** Files that other software reads: safetensors and ONNX. Depends on {@code tensor}, {@code device} and {@code nn}. */
@NullMarked
package org.sandglass.ops.format;

import org.jspecify.annotations.NullMarked;
