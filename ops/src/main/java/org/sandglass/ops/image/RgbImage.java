package org.sandglass.ops.image;

import java.util.Arrays;

/**
 * A decoded image: rows from the top, three bytes (red, green, blue) a pixel, no padding.
 *
 * <p>The array is not copied: whoever hands an image over stops writing into it.
 *
 * @param pixels {@code height × width × 3} unsigned bytes
 */
@SuppressWarnings("ArrayRecordComponent") // a copy of every image would cost as much as a crop; equality is by content
public record RgbImage(int width, int height, byte[] pixels) {

    public static final int CHANNELS = 3;

    /** @throws IllegalArgumentException if an extent is not positive or the array has another length */
    public RgbImage {
        if (width <= 0 || height <= 0) {
            throw new IllegalArgumentException(
                    "Cannot make an image: extents must be positive: %d×%d".formatted(width, height));
        }
        if (pixels.length != (long) width * height * CHANNELS) {
            throw new IllegalArgumentException("Cannot make an image: %d×%d needs %d bytes: bytes=%d"
                    .formatted(width, height, (long) width * height * CHANNELS, pixels.length));
        }
    }

    /** The value in [0, 255] of channel 0 (red), 1 (green) or 2 (blue). */
    public int sample(int x, int y, int channel) {
        return pixels[(y * width + x) * CHANNELS + channel] & 0xff;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage image
                && width == image.width
                && height == image.height
                && Arrays.equals(pixels, image.pixels);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(pixels);
    }

    @Override
    public String toString() {
        return "RgbImage[%d×%d]".formatted(width, height);
    }
}
