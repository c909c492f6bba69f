package org.sandglass.ops.image;

import org.jspecify.annotations.Nullable;

/**
 * What an encoded image says about itself before its pixels are decoded.
 *
 * @param rowLimit how to have only the upper rows decoded; null where the format does not allow it
 */
record ImageHeader(int width, int height, @Nullable RowLimit rowLimit) {

    /**
     * In a JPEG of one sequential scan, a smaller height makes the decoder stop earlier and changes nothing above.
     *
     * @param heightAt offset of the two bytes that hold the height
     * @param dataEnd offset of the end-of-image marker. The decoder must not find it behind data that it has not read,
     *     which it would report on standard error
     */
    record RowLimit(int heightAt, int dataEnd) {}

    /** Twice what Pillow warns about, and where it refuses: larger headers are attacks or accidents. */
    static final long PIXEL_LIMIT = 178_956_970L;

    /** Rows of chroma that upsampling looks at below a row, in luma rows, rounded up generously. */
    private static final int CONTEXT = 8;

    ImageHeader(int width, int height) {
        this(width, height, null);
    }

    ImageHeader withRowLimit(RowLimit limit) {
        return new ImageHeader(width, height, limit);
    }

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

    /** How many rows must be decoded for the upper {@code rows} to be what they are in the whole image. */
    int rowsToDecode(int rows) {
        return rowLimit == null ? height : Math.min(height, rows + CONTEXT);
    }
}
