package org.sandglass.job.experiment;

import java.util.Arrays;

/**
 * Mean and sample standard deviation of some numbers; of one number, the deviation is NaN, of none, both are.
 */
record Spread(int count, double mean, double deviation) {

    static Spread of(double... values) {
        double[] known = Arrays.stream(values).filter(Double::isFinite).toArray();
        double mean = Arrays.stream(known).average().orElse(Double.NaN);
        double squares = Arrays.stream(known)
                .map(value -> (value - mean) * (value - mean))
                .sum();
        double deviation = known.length < 2 ? Double.NaN : Math.sqrt(squares / (known.length - 1));
        return new Spread(known.length, mean, deviation);
    }

    /** The median of what is finite; NaN without any. */
    static double median(double... values) {
        double[] sorted =
                Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        return sorted.length == 0 ? Double.NaN : (sorted[sorted.length / 2] + sorted[(sorted.length - 1) / 2]) / 2;
    }
}
