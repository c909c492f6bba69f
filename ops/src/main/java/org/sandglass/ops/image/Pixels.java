package org.sandglass.ops.image;

/**
 * Part of a decoded image: rows of {@code width} pixels of three bytes, of which the first is the image's pixel (left,
 * top). The array may be longer, and is reused.
 */
@SuppressWarnings("ArrayRecordComponent") // a passing view: never compared
record Pixels(byte[] bytes, int left, int top, int width) {

    static Pixels of(RgbImage image) {
        return new Pixels(image.pixels(), 0, 0, image.width());
    }

    /** The index of the first byte of a row. */
    int row(int y) {
        return (y - top) * width * RgbImage.CHANNELS;
    }
}
