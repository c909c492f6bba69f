package org.sandglass.ops.image;

/**
 * Resizes part of an image, rows from the top: across first, rounded to 8 bits, then down.
 *
 * <p>Source rows are resized across once each and only those that a result needs; memory is a few rows.
 */
record Resampling(ResampleAxis across, ResampleAxis down) {

    /** Takes one resized row of {@code width × 3} samples in [0, 255]; the array is reused for the next one. */
    @FunctionalInterface
    interface RowSink {
        void accept(int y, int[] row);
    }

    /** Part of the image, resized to a square. */
    static Resampling ofPart(int x, int y, int width, int height, int size) {
        return new Resampling(ResampleAxis.of(x, width, size, 0, size), ResampleAxis.of(y, height, size, 0, size));
    }

    /** The whole image with its shorter side resized, and of that the square in the middle. */
    static Resampling centred(RgbImage image, int shorterSide, int size) {
        int shorter = Math.min(image.width(), image.height());
        int width = Math.toIntExact((long) shorterSide * image.width() / shorter);
        int height = Math.toIntExact((long) shorterSide * image.height() / shorter);
        return new Resampling(
                ResampleAxis.of(0, image.width(), width, middle(width, size), size),
                ResampleAxis.of(0, image.height(), height, middle(height, size), size));
    }

    void run(RgbImage image, RowSink sink) {
        int samples = across.extent() * RgbImage.CHANNELS;
        int[][] ring = new int[down.taps()][samples];
        int[] row = new int[samples];
        int next = 0;
        for (int y = 0; y < down.extent(); y++) {
            int first = down.first()[y];
            int end = first + down.count()[y];
            for (next = Math.max(next, first); next < end; next++) {
                resizeAcross(image, next, ring[next % ring.length]);
            }
            resizeDown(ring, y, row);
            sink.accept(y, row);
        }
    }

    RgbImage toImage(RgbImage image) {
        int stride = across.extent() * RgbImage.CHANNELS;
        byte[] pixels = new byte[down.extent() * stride];
        run(image, (y, row) -> {
            for (int i = 0; i < stride; i++) {
                pixels[y * stride + i] = (byte) row[i];
            }
        });
        return new RgbImage(across.extent(), down.extent(), pixels);
    }

    private void resizeAcross(RgbImage image, int y, int[] target) {
        byte[] pixels = image.pixels();
        int start = y * image.width();
        int[] first = across.first();
        int[] count = across.count();
        int[] weights = across.weights();
        for (int x = 0; x < first.length; x++) {
            int red = ResampleAxis.ROUNDING;
            int green = ResampleAxis.ROUNDING;
            int blue = ResampleAxis.ROUNDING;
            int source = (start + first[x]) * RgbImage.CHANNELS;
            int tap = x * across.taps();
            for (int end = tap + count[x]; tap < end; tap++, source += RgbImage.CHANNELS) {
                int weight = weights[tap];
                red += weight * (pixels[source] & 0xff);
                green += weight * (pixels[source + 1] & 0xff);
                blue += weight * (pixels[source + 2] & 0xff);
            }
            target[x * RgbImage.CHANNELS] = red >> ResampleAxis.PRECISION;
            target[x * RgbImage.CHANNELS + 1] = green >> ResampleAxis.PRECISION;
            target[x * RgbImage.CHANNELS + 2] = blue >> ResampleAxis.PRECISION;
        }
    }

    private void resizeDown(int[][] ring, int y, int[] row) {
        java.util.Arrays.fill(row, ResampleAxis.ROUNDING);
        for (int k = 0; k < down.count()[y]; k++) {
            int weight = down.weights()[y * down.taps() + k];
            int[] source = ring[(down.first()[y] + k) % ring.length];
            for (int i = 0; i < row.length; i++) {
                row[i] += weight * source[i];
            }
        }
        for (int i = 0; i < row.length; i++) {
            row[i] >>= ResampleAxis.PRECISION;
        }
    }

    /** Rounds halves to even, as torchvision does. */
    private static int middle(int extent, int size) {
        return (int) Math.rint((extent - size) / 2.0);
    }
}
