package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sandglass.ops.optim.Workers.Microbatch;

/**
 * The gradient aggregation pitfall of Goyal et al., section 3: the loss of a global minibatch is the mean over its kn
 * samples, so every worker divides by kn, not by its own n, and gradients are summed.
 */
class GradientAggregationTest {

    private static final int[] EVEN = {4, 4, 4, 4};
    private static final int[] SHORT_LAST_ITERATION = {4, 4, 2, 1};

    /** What a worker divides its summed loss by, and what becomes of the sum of the gradients. */
    private enum Aggregation {
        GLOBAL_COUNT_SUMMED,
        LOCAL_COUNT_SUMMED,
        LOCAL_COUNT_AVERAGED;

        double[] gradient(Workers workers, float[] weights) {
            double[] sum = new double[weights.length];
            for (Microbatch microbatch : workers.microbatches()) {
                int divisor = this == GLOBAL_COUNT_SUMMED ? workers.samples() : microbatch.count();
                sum = Vectors.plus(sum, 1, workers.gradient(weights, microbatch, 1.0 / divisor));
            }
            int workersCount = workers.microbatches().size();
            return this == LOCAL_COUNT_AVERAGED ? Vectors.plus(new double[sum.length], 1.0 / workersCount, sum) : sum;
        }
    }

    @Test
    void shouldEqualTheGradientOfOneLargeMinibatch() {
        for (int[] counts : List.of(EVEN, SHORT_LAST_ITERATION)) {
            Workers workers = Workers.of(false, counts);
            assertThat(errorAgainstOneBatch(Aggregation.GLOBAL_COUNT_SUMMED, workers))
                    .isLessThan(1e-6);
        }
    }

    @Test
    void shouldDifferWhenWorkersDivideByTheirOwnCountAndSum() {
        double error = errorAgainstOneBatch(Aggregation.LOCAL_COUNT_SUMMED, Workers.of(false, EVEN));

        assertThat(error).as("k times the gradient").isCloseTo(3, Offset.offset(1e-5));
    }

    @Test
    void shouldDifferWhenUnequalWorkersAreAveraged() {
        assertThat(errorAgainstOneBatch(Aggregation.LOCAL_COUNT_AVERAGED, Workers.of(false, EVEN)))
                .as("with equal counts the mean of means is the mean")
                .isLessThan(1e-6);
        assertThat(errorAgainstOneBatch(Aggregation.LOCAL_COUNT_AVERAGED, Workers.of(false, SHORT_LAST_ITERATION)))
                .isGreaterThan(0.1);
    }

    private static double errorAgainstOneBatch(Aggregation aggregation, Workers workers) {
        float[] weights = workers.initialWeights();
        Workers merged = workers.merged();
        double[] expected = merged.gradient(weights, merged.microbatches().get(0), 1.0 / merged.samples());
        return Vectors.relativeError(aggregation.gradient(workers, weights), expected);
    }

    /** With batch norm there is no one large batch to compare with: its statistics would be others. */
    @ParameterizedTest
    @EnumSource(Aggregation.class)
    void shouldBeTheGradientOfTheMeanLossWithBatchNormPerWorker(Aggregation aggregation) {
        Workers workers = Workers.of(true, SHORT_LAST_ITERATION);
        float[] weights = workers.initialWeights();

        double[] gradient = aggregation.gradient(workers, weights);

        double slope = slopeOfMeanLoss(workers, weights);
        double predicted = Vectors.dot(gradient, direction(workers, weights));
        if (aggregation == Aggregation.GLOBAL_COUNT_SUMMED) {
            assertThat(predicted).isCloseTo(slope, Offset.offset(1e-3 * Math.abs(slope)));
        } else {
            assertThat(Math.abs(predicted - slope)).isGreaterThan(0.05 * Math.abs(slope));
        }
    }

    @Test
    void shouldNotEqualOneLargeMinibatchUnderBatchNorm() {
        assertThat(errorAgainstOneBatch(Aggregation.GLOBAL_COUNT_SUMMED, Workers.of(true, EVEN)))
                .isGreaterThan(0.05);
    }

    private static double slopeOfMeanLoss(Workers workers, float[] weights) {
        double step = 1e-3;
        double[] direction = direction(workers, weights);
        List<Double> losses = new ArrayList<>();
        for (double signed : new double[] {step, -step}) {
            double[] moved = Vectors.plus(Vectors.widened(weights), signed, direction);
            losses.add(workers.meanLoss(Vectors.narrowed(moved)));
        }
        return (losses.get(0) - losses.get(1)) / (2 * step);
    }

    /** The true gradient's own direction, along which the slope is steep. */
    private static double[] direction(Workers workers, float[] weights) {
        double[] gradient = Aggregation.GLOBAL_COUNT_SUMMED.gradient(workers, weights);
        double norm = Math.sqrt(Vectors.dot(gradient, gradient));
        return Vectors.plus(new double[gradient.length], 1 / norm, gradient);
    }
}
