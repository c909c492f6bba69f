package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.ops.collective.NetworkForecast.Sum;

class NetworkForecastTest {

    private static final double RATE = 1e9;
    private static final double LATENCY = 20e-6;

    /** Frames so small that pipelining costs nothing to speak of. */
    private final NetworkForecast forecast = new NetworkForecast(RATE, LATENCY, Double.POSITIVE_INFINITY, 0, 64 << 10);

    @ParameterizedTest
    @CsvSource({"RING, 2", "RING, 5", "HALVING_DOUBLING, 2", "HALVING_DOUBLING, 8", "HALVING_DOUBLING, 32", "AUTO, 6"})
    void shouldReachTheBoundOfLargeSums(Algorithm algorithm, int ranks) {
        int elements = 25_000_000;
        double bound = 2.0 * (ranks - 1) / ranks * 4 * elements / RATE;
        assertThat(forecast.seconds(algorithm, ranks, elements)).isBetween(bound, 1.05 * bound);
    }

    @ParameterizedTest
    @CsvSource({"RING, 8, 14", "HALVING_DOUBLING, 8, 6", "HALVING_DOUBLING, 32, 10", "RING, 32, 62"})
    void shouldTakeALatencyForEachStepOfSmallSums(Algorithm algorithm, int ranks, int steps) {
        double seconds = forecast.seconds(algorithm, ranks, ranks);
        assertThat(seconds).isCloseTo(steps * LATENCY, within(0.1 * steps * LATENCY));
    }

    @Test
    void shouldTakeOneEighthOfTheBufferMoreForANinthRank() {
        double eight = forecast.seconds(Algorithm.HALVING_DOUBLING, 8, 25_000_000);
        double nine = forecast.seconds(Algorithm.HALVING_DOUBLING, 9, 25_000_000);
        // The large block's ranks send and receive 2 · 7/8 of the buffer within it, and 1/8 for the ninth.
        assertThat(nine / eight).isCloseTo((1.75 + 0.125) / 1.75, within(0.02));
    }

    @Test
    void shouldShareALinkAmongSumsInTheirOrder() {
        Sum first = new Sum(10_000_000, 0);
        double alone = forecast.seconds(Algorithm.RING, 4, 10_000_000);
        double[] both = forecast.completions(Algorithm.RING, 4, List.of(first, new Sum(10_000_000, 0)));
        assertThat(both[0]).isBetween(alone, 1.2 * alone);
        assertThat(both[1]).isBetween(1.9 * alone, 2.05 * alone);
        double[] apart = forecast.completions(Algorithm.RING, 4, List.of(first, new Sum(10_000_000, 10)));
        assertThat(apart[0]).isEqualTo(alone);
        assertThat(apart[1]).isCloseTo(10 + alone, within(1e-9));
    }

    @Test
    void shouldBeLimitedByASlowEngine() {
        NetworkForecast slow = new NetworkForecast(RATE, 0, RATE / 4, 0, 64 << 10);
        // Each byte is sent by the engine and received by it: 2 × 4 / RATE instead of 1 / RATE.
        double bound = 8 * 2.0 * 3 / 4 * 4 * 10_000_000 / RATE;
        assertThat(slow.seconds(Algorithm.RING, 4, 10_000_000)).isBetween(0.95 * bound, 1.1 * bound);
    }

    @Test
    void shouldTakeNoTimeAlone() {
        assertThat(forecast.completions(Algorithm.AUTO, 1, List.of(new Sum(100, 3))))
                .containsExactly(3);
    }
}
