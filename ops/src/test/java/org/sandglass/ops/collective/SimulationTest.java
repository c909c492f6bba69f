package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the network does: every operation completes exactly or fails in time, naming a culprit. */
class SimulationTest {

    /** Seeds of one test case: so many that names are readable, so few that a failure is soon repeated. */
    private static final int BATCH = 50;

    private static final int SEEDS = 1000;

    static LongStream batches() {
        return LongStream.range(0, SEEDS / BATCH).map(batch -> batch * BATCH);
    }

    @ParameterizedTest(name = "seeds from {0}")
    @MethodSource("batches")
    void shouldCompleteExactlyOrFailInTimeNamingACulprit(long first) {
        for (long seed = first; seed < first + BATCH; seed++) {
            assertThat(Simulation.run(seed))
                    .as("seed %d; run it again with: scripts/simulate --from %d --seeds 1", seed, seed)
                    .isNull();
        }
    }

    @Test
    void shouldTryEveryKindOfTrouble() {
        Set<Simulation.Trouble> tried = EnumSet.noneOf(Simulation.Trouble.class);
        for (long seed = 0; seed < BATCH; seed++) {
            tried.add(new Simulation(seed).trouble);
        }
        assertThat(tried).containsExactlyInAnyOrder(Simulation.Trouble.values());
    }
}
