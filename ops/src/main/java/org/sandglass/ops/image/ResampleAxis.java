package org.sandglass.ops.image;

/**
 * The weights with which samples along one axis make up resized ones: a filter as wide as the reduction.
 *
 * <p>Numerically as Pillow's, so that evaluation agrees with what others publish: weights sum to one within the source
 * and are rounded to {@value #PRECISION} bits after the point.
 *
 * @param first index of the first source sample per result
 * @param weights {@code taps} fixed-point numbers per result, zeros at the end where fewer are needed
 * @param taps source samples per result, at most
 * @param begin the first source sample that a result needs
 * @param end the one after the last
 * @param overshoots whether results may leave the range of the samples, as they do with negative weights
 */
@SuppressWarnings("ArrayRecordComponent") // never leaves the package, never compared
record ResampleAxis(int[] first, int[] weights, int taps, int begin, int end, boolean overshoots) {

    static final int PRECISION = 22;
    static final int ROUNDING = 1 << (PRECISION - 1);

    /**
     * Resizes {@code sourceExtent} samples from {@code sourceStart} to {@code resizedExtent} and keeps {@code extent}
     * of these from {@code start}.
     */
    static ResampleAxis of(
            Interpolation filter, int sourceStart, int sourceExtent, int resizedExtent, int start, int extent) {
        double scale = (double) sourceExtent / resizedExtent;
        double widening = Math.max(scale, 1.0);
        double reach = filter.support() * widening;
        int room = (int) Math.ceil(reach) * 2 + 1;
        int[] first = new int[extent];
        int[] weights = new int[extent * room];
        double[] exact = new double[room];
        int taps = 1;
        int begin = Integer.MAX_VALUE;
        int end = 0;
        for (int i = 0; i < extent; i++) {
            double centre = (start + i + 0.5) * scale;
            int low = Math.max((int) (centre - reach + 0.5), 0);
            int high = Math.min((int) (centre + reach + 0.5), sourceExtent);
            double sum = 0;
            for (int k = 0; k < high - low; k++) {
                exact[k] = filter.weight((low + k - centre + 0.5) / widening);
                sum += exact[k];
            }
            int skipped = 0;
            int used = 0;
            for (int k = 0; k < high - low; k++) {
                int weight = fixed(exact[k] / sum);
                if (weight == 0 && used == 0) {
                    skipped++;
                } else {
                    weights[i * room + used++] = weight;
                }
            }
            while (used > 1 && weights[i * room + used - 1] == 0) {
                used--;
            }
            first[i] = sourceStart + low + skipped;
            taps = Math.max(taps, used);
            begin = Math.min(begin, first[i]);
            end = Math.max(end, first[i] + used);
        }
        return new ResampleAxis(first, packed(weights, room, taps), taps, begin, end, filter.overshoots());
    }

    /** How many source samples a result needs. */
    int used(int result) {
        int used = taps;
        while (used > 1 && weights[result * taps + used - 1] == 0) {
            used--;
        }
        return used;
    }

    /** Rounds halves away from zero. */
    private static int fixed(double weight) {
        double scaled = weight * (1 << PRECISION);
        return (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }

    private static int[] packed(int[] weights, int room, int taps) {
        if (room == taps) {
            return weights;
        }
        int[] packed = new int[weights.length / room * taps];
        for (int from = 0, to = 0; to < packed.length; from += room, to += taps) {
            System.arraycopy(weights, from, packed, to, taps);
        }
        return packed;
    }
}
