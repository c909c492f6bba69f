package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.optim.Workers.Microbatch;

/**
 * The weight decay pitfall of Goyal et al., section 3: λw is no part of the loss that workers compute, scale and sum. It
 * is added once, to the aggregated gradient, and not to batch norm's γ and β.
 */
class WeightDecayTest {

    private static final int K = 8;
    private static final double RATE = 0.1;
    private static final double DECAY = 0.1;

    private static final Workers WORKERS = Workers.of(true, 2, 2, 2, 2, 2, 2, 2, 2);
    private static final FlatLayout LAYOUT = WORKERS.network().layout();

    /** How a step of the linear scaling rule, with k workers and rate kη, is taken. */
    private enum Step {
        CORRECT,
        /** Scales the loss by k instead of the rate: the decay is not scaled with it. */
        SCALED_LOSS,
        /** Every worker adds λw to the gradient that it contributes to the sum. */
        DECAY_IN_EVERY_WORKER,
        /** One range over all parameters. */
        DECAY_OF_BATCH_NORM;

        double[] weightsAfter(double decay) {
            float[] weights = decayableWeights();
            double lossScale = (this == SCALED_LOSS ? K : 1) / (double) WORKERS.samples();
            double[] gradient = new double[weights.length];
            for (Microbatch microbatch : WORKERS.microbatches()) {
                gradient = Vectors.plus(gradient, 1, WORKERS.gradient(weights, microbatch, lossScale));
                if (this == DECAY_IN_EVERY_WORKER) {
                    gradient = Vectors.plus(gradient, decay, decayed(weights));
                }
            }
            double rate = this == SCALED_LOSS ? RATE : K * RATE;
            Sgd sgd = new Sgd(SgdUpdate.Form.GRADIENT_SUM, 0.9, false, this == DECAY_IN_EVERY_WORKER ? 0 : decay, true);
            try (NetworkBuffers buffers = NetworkBuffers.allocate(Workers.DEVICE, LAYOUT);
                    DeviceBuffer momentum = Workers.DEVICE.allocate(LAYOUT.weightsLength())) {
                buffers.weights().upload(0, FloatBuffer.wrap(weights));
                buffers.gradients()
                        .upload(
                                FlatLayout.COUNTERS + LAYOUT.statisticsLength(),
                                FloatBuffer.wrap(Vectors.narrowed(gradient)));
                if (this == DECAY_OF_BATCH_NORM) {
                    SgdUpdate everywhere = new SgdUpdate(sgd.form(), rate, sgd.momentum(), 1, decay, false);
                    Workers.DEVICE.update(everywhere, buffers, momentum, 0, LAYOUT.weightsLength());
                } else {
                    sgd.step(Workers.DEVICE, buffers, momentum, rate, rate);
                }
                FloatBuffer after = FloatBuffer.allocate(weights.length);
                buffers.weights().download(0, after);
                return Vectors.widened(after.array());
            }
        }
    }

    /** Weights among which batch norm's are as large as the others. */
    private static float[] decayableWeights() {
        float[] weights = WORKERS.initialWeights();
        for (Parameter parameter : LAYOUT.parameters()) {
            if (!parameter.role().decayed()) {
                int offset = (int) LAYOUT.weightOffset(parameter);
                java.util.Arrays.fill(
                        weights, offset, offset + parameter.shape().dimension(0), 0.5f);
            }
        }
        return weights;
    }

    /** The weights that decay, zero elsewhere. */
    private static double[] decayed(float[] weights) {
        double[] decayed = new double[weights.length];
        for (Parameter parameter : LAYOUT.parameters()) {
            int offset = (int) LAYOUT.weightOffset(parameter);
            for (int i = 0; parameter.role().decayed() && i < parameter.shape().elements(); i++) {
                decayed[offset + i] = weights[offset + i];
            }
        }
        return decayed;
    }

    /** Error of what decay alone did to the weights, against −kη·λ·w of the decayed parameters. */
    private static double errorOfDecay(Step step) {
        double[] effect = Vectors.plus(step.weightsAfter(DECAY), -1, step.weightsAfter(0));
        double[] expected = Vectors.plus(new double[effect.length], -K * RATE * DECAY, decayed(decayableWeights()));
        return Vectors.relativeError(effect, expected);
    }

    @Test
    void shouldDecayOnceByTheScaledRateWhateverTheNumberOfWorkers() {
        assertThat(errorOfDecay(Step.CORRECT)).isLessThan(1e-4);
    }

    @ParameterizedTest
    @EnumSource(value = Step.class, mode = EnumSource.Mode.EXCLUDE, names = "CORRECT")
    void shouldDifferWhenThePitfallIsPutBack(Step pitfall) {
        assertThat(errorOfDecay(pitfall)).isGreaterThan(0.5);
    }

    @Test
    void shouldTellScalingTheLossFromScalingTheRateByDecayAlone() {
        double[] scaledRate = Step.CORRECT.weightsAfter(0);
        double[] scaledLoss = Step.SCALED_LOSS.weightsAfter(0);

        assertThat(Vectors.relativeError(scaledLoss, scaledRate)).isLessThan(1e-6);
        assertThat(Vectors.relativeError(Step.SCALED_LOSS.weightsAfter(DECAY), Step.CORRECT.weightsAfter(DECAY)))
                .isGreaterThan(0.01);
    }
}
