package org.sandglass.ops.optim;

/**
 * How the learning rate follows the global minibatch kn: Goyal et al., section 2.1, and the alternatives of its table 2.
 */
public enum LinearScaling {
    /** In proportion to kn: the linear scaling rule. */
    LINEAR,
    /** In proportion to the square root of kn. */
    SQRT,
    /** Not at all. */
    NONE;

    /**
     * The learning rate for a global minibatch.
     *
     * @param reference learning rate for {@code referenceBatchSize} samples: 0.1 for 256 in the paper
     * @throws IllegalArgumentException if a number is not positive
     */
    public double scale(double reference, int referenceBatchSize, long globalBatchSize) {
        if (!(reference > 0) || referenceBatchSize <= 0 || globalBatchSize <= 0) {
            throw new IllegalArgumentException(
                    "Cannot scale the learning rate: each number must be positive: reference=" + reference
                            + " referenceBatchSize=" + referenceBatchSize + " globalBatchSize=" + globalBatchSize);
        }
        double factor = (double) globalBatchSize / referenceBatchSize;
        return switch (this) {
            case LINEAR -> reference * factor;
            case SQRT -> reference * Math.sqrt(factor);
            case NONE -> reference;
        };
    }
}
