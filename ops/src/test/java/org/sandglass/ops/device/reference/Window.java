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

    /** Told of one pair of pixels, as indices into planes, and of the tap of the window between them. */
    @FunctionalInterface
    interface Pair {
        void visit(int inputPixel, int outputPixel, int tap);
    }

    /** Visits every pair whose input pixel is inside the image, output pixel by output pixel. */
    void forEach(Pair pair) {
        for (int outY = 0; outY < outHeight; outY++) {
            for (int outX = 0; outX < outWidth; outX++) {
                for (int tapY = 0; tapY < size; tapY++) {
                    int y = outY * stride - padding + tapY;
                    for (int tapX = 0; tapX < size; tapX++) {
                        int x = outX * stride - padding + tapX;
                        if (y >= 0 && y < height && x >= 0 && x < width) {
                            pair.visit(y * width + x, outY * outWidth + outX, tapY * size + tapX);
                        }
                    }
                }
            }
        }
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
