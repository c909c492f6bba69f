package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.sandglass.ops.optim.LearningRate.Warmup;

class LearningRateTest {

    private static final Offset<Double> ROUNDING = Offset.offset(1e-12);
    private static final int PER_EPOCH = 157;

    /** The schedule of Goyal et al. for kn = 8192. */
    private static LearningRate paper(Warmup warmup) {
        return new LearningRate(0.1, 3.2, warmup, 5, 0.1, List.of(30.0, 60.0, 80.0));
    }

    @Test
    void shouldRiseByTheSameIncrementEveryIteration() {
        LearningRate rate = paper(Warmup.GRADUAL);
        int warmup = 5 * PER_EPOCH;

        assertThat(rate.at(0, PER_EPOCH)).isEqualTo(0.1);
        for (int iteration = 1; iteration <= warmup; iteration++) {
            double increment = rate.at(iteration, PER_EPOCH) - rate.at(iteration - 1, PER_EPOCH);
            assertThat(increment).as("iteration %s", iteration).isCloseTo(3.1 / warmup, ROUNDING);
        }
        assertThat(rate.at(warmup, PER_EPOCH)).isEqualTo(3.2);
        assertThat(rate.at(warmup + 1, PER_EPOCH)).isEqualTo(3.2);
    }

    @Test
    void shouldHoldTheInitialRateInConstantWarmup() {
        LearningRate rate = paper(Warmup.CONSTANT);

        assertThat(rate.at(0, PER_EPOCH)).isEqualTo(0.1);
        assertThat(rate.at(5 * PER_EPOCH - 1, PER_EPOCH)).isEqualTo(0.1);
        assertThat(rate.at(5 * PER_EPOCH, PER_EPOCH)).isEqualTo(3.2);
    }

    @Test
    void shouldStartWithTheTargetWithoutWarmup() {
        assertThat(paper(Warmup.NONE).at(0, PER_EPOCH)).isEqualTo(3.2);
        assertThat(new LearningRate(0.1, 3.2, Warmup.GRADUAL, 0, 0.1, List.of()).at(0, PER_EPOCH))
                .isEqualTo(3.2);
    }

    @Test
    void shouldStepAtTheFirstIterationOfEachDecayEpoch() {
        LearningRate rate = paper(Warmup.GRADUAL);

        double expected = 3.2;
        for (int epoch : new int[] {30, 60, 80}) {
            assertThat(rate.at((long) epoch * PER_EPOCH - 1, PER_EPOCH)).isCloseTo(expected, ROUNDING);
            expected *= 0.1;
            assertThat(rate.at((long) epoch * PER_EPOCH, PER_EPOCH)).isCloseTo(expected, ROUNDING);
        }
        assertThat(rate.at(90L * PER_EPOCH, PER_EPOCH)).isCloseTo(0.0032, ROUNDING);
    }

    @Test
    void shouldStepWithinAnEpoch() {
        LearningRate rate = new LearningRate(1, 1, Warmup.NONE, 0, 0.5, List.of(8.5));

        assertThat(rate.at(3323, 391)).isEqualTo(1);
        assertThat(rate.at(3324, 391)).isEqualTo(0.5);
    }

    @Test
    void shouldNotLetRoundingDelayAStep() {
        double threeTenths = 0.1 + 0.2;
        LearningRate rate = new LearningRate(1, 1, Warmup.NONE, 0, 0.5, List.of(threeTenths));

        assertThat(threeTenths * 10).isGreaterThan(3);
        assertThat(rate.at(2, 10)).isEqualTo(1);
        assertThat(rate.at(3, 10)).isEqualTo(0.5);
    }

    @Test
    void shouldNeverFallDuringWarmup() {
        for (Warmup warmup : Warmup.values()) {
            LearningRate rate = new LearningRate(0.1, 0.025, warmup, 5, 0.1, List.of());

            assertThat(rate.at(0, 10)).as(warmup.name()).isEqualTo(0.025);
            assertThat(rate.at(25, 10)).as(warmup.name()).isEqualTo(0.025);
            assertThat(rate.at(50, 10)).as(warmup.name()).isEqualTo(0.025);
        }
    }

    @Test
    void shouldWarmUpOverAFractionOfAnEpoch() {
        LearningRate rate = new LearningRate(1, 2, Warmup.GRADUAL, 0.5, 0.1, List.of());

        assertThat(rate.at(1, 5)).isCloseTo(1.4, ROUNDING);
        assertThat(rate.at(2, 5)).isCloseTo(1.8, ROUNDING);
        assertThat(rate.at(3, 5)).isEqualTo(2);
    }

    @Test
    void shouldRefuseSchedulesThatMakeNoSense() {
        assertThatThrownBy(() -> new LearningRate(0, 1, Warmup.NONE, 0, 0.1, List.of()))
                .hasMessageContaining("initial");
        assertThatThrownBy(() -> new LearningRate(1, Double.NaN, Warmup.NONE, 0, 0.1, List.of()))
                .hasMessageContaining("target");
        assertThatThrownBy(() -> new LearningRate(1, 1, Warmup.NONE, -1, 0.1, List.of()))
                .hasMessageContaining("warmupEpochs must not be negative: -1.0");
        assertThatThrownBy(() -> new LearningRate(1, 1, Warmup.NONE, 0, 0, List.of()))
                .hasMessageContaining("decayFactor");
        assertThatThrownBy(() -> new LearningRate(1, 1, Warmup.NONE, 0, 0.1, List.of(-2.0)))
                .hasMessageContaining("decayEpochs");
        assertThatThrownBy(() -> paper(Warmup.NONE).at(-1, 10)).hasMessageContaining("iteration=-1");
    }
}
