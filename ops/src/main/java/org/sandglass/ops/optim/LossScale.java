package org.sandglass.ops.optim;

import java.nio.FloatBuffer;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

/**
 * By what the gradient of one sample's loss is multiplied inside a network that is computed in f16, and how that follows the
 * gradients: where their sum is not finite, the step is skipped and the scale halved; after {@value #GOOD_STEPS} steps in a row
 * it is doubled. A pure function of sums that all ranks have, so that all ranks agree. Source: Micikevicius et al., "Mixed
 * Precision Training", section 3.2.
 *
 * @param scale a power of two
 * @param streak steps made since the scale changed; if negative, steps skipped since the last one that was made
 */
public record LossScale(double scale, int streak) {

    /** The name of {@link #tensor}. */
    public static final String TENSOR = "loss_scale";

    /** Steps without an overflow after which the scale grows. */
    public static final int GOOD_STEPS = 2000;

    /** The smallest scale there is. */
    public static final double LEAST = 0x1p-14;

    /** The largest scale there is. */
    public static final double MOST = 0x1p24;

    /** @throws IllegalArgumentException if the scale is not a power of two within the limits */
    public LossScale {
        if (!isPossible(scale)) {
            throw new IllegalArgumentException("Cannot scale losses: scale=" + scale
                    + ": it must be a power of two from " + LEAST + " to " + MOST);
        }
    }

    /** Whether there is such a scale. */
    public static boolean isPossible(double scale) {
        return scale >= LEAST && scale <= MOST && scale == Math.scalb(1.0, Math.getExponent(scale));
    }

    /** Before the first step. */
    public static LossScale from(double scale) {
        return new LossScale(scale, 0);
    }

    /** What comes after a step whose gradients were finite, which was made, or were not, which was skipped. */
    public LossScale after(boolean finite) {
        if (!finite) {
            return new LossScale(Math.max(LEAST, scale / 2), Math.min(streak, 0) - 1);
        }
        int made = Math.max(streak, 0) + 1;
        if (made < GOOD_STEPS) {
            return new LossScale(scale, made);
        }
        return new LossScale(Math.min(MOST, scale * 2), 0);
    }

    /** Steps skipped since the last one that was made. */
    public int skipped() {
        return Math.max(0, -streak);
    }

    /** For a file; both numbers are exact in fp32. */
    public NamedTensor tensor() {
        return new NamedTensor(TENSOR, Shape.of(2), FloatBuffer.wrap(new float[] {(float) scale, streak}));
    }

    /**
     * What {@link #tensor} wrote.
     *
     * @throws IllegalArgumentException if it cannot have
     */
    public static LossScale of(NamedTensor tensor) {
        if (tensor.shape().elements() != 2) {
            throw new IllegalArgumentException("Cannot read " + TENSOR + ": its shape is " + tensor.shape());
        }
        return new LossScale(tensor.values().get(0), (int) tensor.values().get(1));
    }
}
