/** Decoding with limits, crops, augmentation, normalisation. Depends on {@code random} and on OpenCV. */
@NullMarked
package org.sandglass.ops.image;

import org.jspecify.annotations.NullMarked;
