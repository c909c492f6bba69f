package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.EpochPlan;

class StepRuleTest {

    /** kn = 64 · 16 = 1024, 4 times the reference; 10 iterations an epoch and a short one. */
    private static final Map<String, String> SETTINGS = Map.of(
            "training.workers", "64",
            "training.perWorkerBatchSize", "16",
            "learningRate.reference", "0.1",
            "learningRate.referenceBatchSize", "256",
            "learningRate.warmup.epochs", "1",
            "learningRate.decay.epochs", "[2]");

    @Test
    void shouldDivideByTheGlobalCountAndScaleTheRate() {
        StepRule rule = rule(3, Map.of());
        assertThat(rule.rate(0)).isCloseTo(0.04, within(1e-12));
        assertThat(rule.lossScale(0, 5)).isEqualTo(1 / 1024.0);
        assertThat(rule.lossScale(10, 5)).isEqualTo(1 / 100.0);
    }

    @Test
    void shouldKnowTheRateBeforeAcrossEpochs() {
        assertThat(rule(0, Map.of()).previousRate(0, 0))
                .isEqualTo(rule(0, Map.of()).rate(0));
        assertThat(rule(2, Map.of()).previousRate(0, 0)).isCloseTo(0.4, within(1e-12));
        assertThat(rule(2, Map.of()).rate(0)).isCloseTo(0.04, within(1e-12));
    }

    /** Momentum has the rate of the step that made it, which the iterations since then did not change. */
    @Test
    void shouldKnowTheRateOfTheLastStepThatWasMade() {
        assertThat(rule(2, Map.of()).rate(1)).isCloseTo(0.04, within(1e-12));
        assertThat(rule(2, Map.of()).previousRate(1, 0)).isCloseTo(0.04, within(1e-12));
        assertThat(rule(2, Map.of()).previousRate(1, 1)).isCloseTo(0.4, within(1e-12));
        assertThat(rule(0, Map.of()).previousRate(1, 5))
                .isEqualTo(rule(0, Map.of()).rate(0));
    }

    @Test
    void shouldScaleTheLossInsteadOfTheRateAsAPitfall() {
        for (int epoch : new int[] {0, 1, 2}) {
            StepRule right = rule(epoch, Map.of());
            StepRule wrong = rule(epoch, Map.of("pitfall.scaledLoss", "true"));
            assertThat(wrong.rate(3)).isCloseTo(epoch < 2 ? 0.1 : 0.01, within(1e-12));
            // The gradient moves the weights as far, and only weight decay is left behind.
            assertThat(wrong.rate(3) * wrong.lossScale(3, 0))
                    .isCloseTo(right.rate(3) * right.lossScale(3, 0), within(1e-15));
        }
    }

    @Test
    void shouldDivideByTheWorkersOwnCountAsAPitfall() {
        StepRule wrong = rule(0, Map.of("pitfall.perWorkerMean", "true"));
        assertThat(wrong.lossScale(0, 5)).isEqualTo(1 / 16.0);
        assertThat(wrong.lossScale(10, 5)).isEqualTo(1 / 2.0);
        assertThat(wrong.lossScale(10, 40)).isEqualTo(1.0);
    }

    private static StepRule rule(int epoch, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(SETTINGS);
        settings.putAll(more);
        return new StepRule(Recipe.load(null, settings), new EpochPlan(10340, 64, 16, 0, epoch));
    }
}
