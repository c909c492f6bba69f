package org.sandglass.ops.image;

/** What an encoded image says about itself before its pixels are decoded. */
record ImageHeader(int width, int height) {

    /** Twice what Pillow warns about, and where it refuses: larger headers are attacks or accidents. */
    static final long PIXEL_LIMIT = 178_956_970L;

    ImageHeader requireWithinLimit() throws ImageFormatException {
        if (width <= 0 || height <= 0) {
            throw new ImageFormatException("no pixels: %d×%d".formatted(width, height));
        }
        if ((long) width * height > PIXEL_LIMIT) {
            throw new ImageFormatException(
                    "too large: %d×%d is more than %d pixels".formatted(width, height, PIXEL_LIMIT));
        }
        return this;
    }
}
