package org.sandglass.job.plan;

import java.util.function.DoubleUnaryOperator;
import org.sandglass.ops.collective.Algorithm;
import org.sandglass.ops.collective.NetworkForecast;

/**
 * The engine for which {@link NetworkForecast} says of two sums what was measured: its inverse, found by bisection. The link
 * that they were measured over has no part of its own in it: its latency is in {@code frame}, and its rate, where it is slower
 * than the processors, in {@code bytesPerSecond}.
 *
 * <p>Where the large sum took less than its frames would alone by what the small one took, no engine explains both. Then the
 * large one, which is like those of training, is met, and the small one takes less than was measured.
 *
 * @param bytesPerSecond that are sent, or received and added; at most {@value #FASTEST}
 * @param frame seconds that a frame takes its sender, and again its receiver
 */
record EngineFit(double bytesPerSecond, double frame) {

    private static final double FASTEST = 1e12;

    /** Halvings of an interval: what is left of it is less than a hundred-thousandth. */
    private static final int HALVINGS = 18;

    /** Of a sum's time, by which it may be missed before it counts as unexplained. */
    private static final double PRECISION = 1e-3;

    /** What a sum of so many floats took. */
    record Measured(int elements, double seconds) {}

    static EngineFit of(Algorithm algorithm, int ranks, Measured small, Measured large) {
        Sums sums = new Sums(algorithm, ranks);
        DoubleUnaryOperator frame = one -> sums.frame(small, one);
        double slowest = large.seconds() / sums.seconds(large, 0, 1);
        double perByte =
                where(one -> sums.seconds(large, frame.applyAsDouble(one), one), large.seconds(), 1 / FASTEST, slowest);
        double found = frame.applyAsDouble(perByte);
        if (sums.seconds(large, found, perByte) > (1 + PRECISION) * large.seconds()) {
            return new EngineFit(FASTEST, sums.frame(large, 1 / FASTEST));
        }
        return new EngineFit(1 / perByte, found);
    }

    private record Sums(Algorithm algorithm, int ranks) {

        double seconds(Measured sum, double frame, double perByte) {
            return new NetworkForecast(Double.POSITIVE_INFINITY, 0, 1 / perByte, frame, IterationForecast.FRAME_BYTES)
                    .seconds(algorithm, ranks, sum.elements());
        }

        /** With which a sum takes what was measured. */
        double frame(Measured sum, double perByte) {
            double longest = sum.seconds() / seconds(sum, 1, 0);
            return where(one -> seconds(sum, one, perByte), sum.seconds(), 0, longest);
        }
    }

    /** Where a rising function has a value; an end of the interval, nearly, where it is less or more all over it. */
    private static double where(DoubleUnaryOperator rising, double value, double from, double to) {
        double low = from;
        double high = to;
        for (int i = 0; i < HALVINGS; i++) {
            double middle = (low + high) / 2;
            if (rising.applyAsDouble(middle) < value) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }
}
