package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.Value;

/** How a square window slides over an image: which input pixels each output pixel sees. */
record Window(int height, int width, int outHeight, int outWidth, int size, int stride, int padding) {

    static Window of(Value input, Value output, int size, int stride, int padding) {
        return new Window(
                input.shape().dimension(1),
                input.shape().dimension(2),
                output.shape().dimension(1),
                output.shape().dimension(2),
                size,
                stride,
                padding);
    }

    /**
     * Told of pairs of pixels, as indices into planes, and of the tap of the window between them: {@code length} pairs in
     * a row, the input pixels {@link #stride} apart, the output pixels neighbours.
     */
    @FunctionalInterface
    interface Row {
        void visit(int inputPixel, int outputPixel, int length, int tap);
    }

    /** Told of one pair of pixels. */
    @FunctionalInterface
    interface Pair {
        void visit(int inputPixel, int outputPixel);
    }

    /** Visits every pair whose input pixel is inside the image, each output pixel's in row-major order of the window. */
    void forEachRow(Row row) {
        for (int tapY = 0; tapY < size; tapY++) {
            for (int tapX = 0; tapX < size; tapX++) {
                int first = Math.max(0, Math.floorDiv(padding - tapX + stride - 1, stride));
                int last = Math.min(outWidth - 1, Math.floorDiv(width - 1 + padding - tapX, stride));
                for (int outY = 0; outY < outHeight; outY++) {
                    int y = outY * stride - padding + tapY;
                    if (y >= 0 && y < height && first <= last) {
                        int x = first * stride - padding + tapX;
                        row.visit(y * width + x, outY * outWidth + first, last - first + 1, tapY * size + tapX);
                    }
                }
            }
        }
    }

    void forEach(Pair pair) {
        forEachRow((in, out, length, tap) -> {
            for (int i = 0; i < length; i++) {
                pair.visit(in + i * stride, out + i);
            }
        });
    }

    int inputPixels() {
        return height * width;
    }

    int outputPixels() {
        return outHeight * outWidth;
    }

    int taps() {
        return size * size;
    }
}
