package org.sandglass.ops.image;

/**
 * The weights with which samples along one axis make up resized ones: a triangle filter as wide as the reduction.
 *
 * <p>Numerically as Pillow's antialiased bilinear filter, so that evaluation agrees with what others publish: weights
 * sum to one within the source and are rounded to {@value #PRECISION} bits after the point.
 *
 * @param first index of the first source sample per result
 * @param count number of source samples per result
 * @param weights {@code taps} fixed-point numbers per result
 */
@SuppressWarnings("ArrayRecordComponent") // never leaves the package, never compared
record ResampleAxis(int[] first, int[] count, int[] weights, int taps) {

    static final int PRECISION = 22;
    static final int ROUNDING = 1 << (PRECISION - 1);

    /**
     * Resizes {@code sourceExtent} samples from {@code sourceStart} to {@code resizedExtent} and keeps {@code extent}
     * of these from {@code start}.
     */
    static ResampleAxis of(int sourceStart, int sourceExtent, int resizedExtent, int start, int extent) {
        double scale = (double) sourceExtent / resizedExtent;
        double reach = Math.max(scale, 1.0);
        int taps = (int) Math.ceil(reach) * 2 + 1;
        int[] first = new int[extent];
        int[] count = new int[extent];
        int[] weights = new int[extent * taps];
        double[] exact = new double[taps];
        for (int i = 0; i < extent; i++) {
            double centre = (start + i + 0.5) * scale;
            int low = Math.max((int) (centre - reach + 0.5), 0);
            int high = Math.min((int) (centre + reach + 0.5), sourceExtent);
            double sum = 0;
            for (int k = 0; k < high - low; k++) {
                exact[k] = Math.max(0, 1 - Math.abs((low + k - centre + 0.5) / reach));
                sum += exact[k];
            }
            for (int k = 0; k < high - low; k++) {
                weights[i * taps + k] = (int) (0.5 + exact[k] / sum * (1 << PRECISION));
            }
            first[i] = sourceStart + low;
            count[i] = high - low;
        }
        return new ResampleAxis(first, count, weights, taps);
    }

    int extent() {
        return first.length;
    }
}
