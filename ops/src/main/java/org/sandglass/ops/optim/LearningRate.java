package org.sandglass.ops.optim;

import java.util.List;

/**
 * The learning rate as a pure function of the iteration: warmup (Goyal et al., section 2.2), then steps.
 *
 * <p>A boundary given in epochs, which may be fractions, takes effect with the first iteration at or after it.
 *
 * @param initial η, where warmup starts; {@code target} is used instead where it is less, so that warmup never falls
 * @param target η̂ = kη, what warmup reaches
 * @param warmupEpochs length of warmup
 * @param decayFactor what each of {@code decayEpochs} multiplies the rate by
 * @param decayEpochs epochs, counted from 0, at which the rate is multiplied
 */
public record LearningRate(
        double initial,
        double target,
        Warmup warmup,
        double warmupEpochs,
        double decayFactor,
        List<Double> decayEpochs) {

    /** How training begins. */
    public enum Warmup {
        /** With the target. */
        NONE,
        /** With the initial rate until warmup is over. */
        CONSTANT,
        /** From the initial rate to the target by the same increment every iteration. */
        GRADUAL
    }

    /** Absorbs rounding of epochs × iterations, so that 0.3 epochs of 10 iterations are 3 iterations. */
    private static final double ROUNDING = 1e-6;

    /** @throws IllegalArgumentException if a rate or the factor is not positive, or an epoch is negative */
    public LearningRate {
        decayEpochs = List.copyOf(decayEpochs);
        requirePositive("initial", initial);
        requirePositive("target", target);
        requirePositive("decayFactor", decayFactor);
        requireEpoch("warmupEpochs", warmupEpochs);
        decayEpochs.forEach(epoch -> requireEpoch("decayEpochs", epoch));
    }

    /**
     * The learning rate of an iteration.
     *
     * @param iteration counted from 0 over the whole run
     * @param iterationsPerEpoch iterations of every epoch, the short last one included
     */
    public double at(long iteration, long iterationsPerEpoch) {
        if (iteration < 0 || iterationsPerEpoch <= 0) {
            throw new IllegalArgumentException("Cannot compute a learning rate: iteration=" + iteration
                    + " iterationsPerEpoch=" + iterationsPerEpoch);
        }
        double rate = warmedUp(iteration, warmupEpochs * iterationsPerEpoch);
        for (double epoch : decayEpochs) {
            if (iteration >= epoch * iterationsPerEpoch - ROUNDING) {
                rate *= decayFactor;
            }
        }
        return rate;
    }

    private double warmedUp(long iteration, double warmupIterations) {
        if (iteration >= warmupIterations - ROUNDING) {
            return target;
        }
        double start = Math.min(initial, target);
        return switch (warmup) {
            case NONE -> target;
            case CONSTANT -> start;
            case GRADUAL -> start + (target - start) * (iteration / warmupIterations);
        };
    }

    private static void requirePositive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("Cannot make a learning rate: " + name + " must be positive: " + value);
        }
    }

    private static void requireEpoch(String name, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    "Cannot make a learning rate: " + name + " must not be negative: " + value);
        }
    }
}
