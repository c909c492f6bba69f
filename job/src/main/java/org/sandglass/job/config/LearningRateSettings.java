package org.sandglass.job.config;

import java.util.List;
import org.sandglass.ops.optim.LearningRate;
import org.sandglass.ops.optim.LinearScaling;

/**
 * The learning rate of a reference minibatch, and how it scales and changes (Goyal et al., sections 2.1, 2.2, 5.1).
 *
 * @param reference η for {@code referenceBatchSize} samples
 * @param warmupEpochs length of the warmup, fractions allowed
 * @param decayEpochs when η is multiplied by {@code decayFactor}, ascending, fractions allowed
 */
public record LearningRateSettings(
        double reference,
        int referenceBatchSize,
        LinearScaling scaling,
        LearningRate.Warmup warmup,
        double warmupEpochs,
        double decayFactor,
        List<Double> decayEpochs) {

    public LearningRateSettings {
        decayEpochs = List.copyOf(decayEpochs);
    }

    /** The schedule that a minibatch of {@code referenceBatchSize} has without warmup: the decay alone. */
    public LearningRate withoutScaling() {
        return new LearningRate(reference, reference, LearningRate.Warmup.NONE, 0, decayFactor, decayEpochs);
    }

    /** The schedule of a run whose minibatch has {@code globalBatchSize} samples. */
    public LearningRate schedule(long globalBatchSize) {
        double target = scaling.scale(reference, referenceBatchSize, globalBatchSize);
        return new LearningRate(reference, target, warmup, warmupEpochs, decayFactor, decayEpochs);
    }
}
