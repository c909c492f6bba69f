package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OwnShufflesTest {

    private final EpochPlan plan = new EpochPlan(1000, 16, 4, 5, 2, true);

    @Test
    void shouldFillEverySlotWithOneSample() {
        Map<Long, Long> idOf = new HashMap<>();
        for (long id = 0; id < plan.samples(); id++) {
            for (long key : plan.keys().keysOf(id)) {
                assertThat(idOf.put(key, id)).isNull();
                assertThat(plan.keys().isAt(id, key)).isTrue();
            }
        }
        assertThat(idOf).hasSize(1000);
        for (long iteration = 0; iteration < plan.iterations(); iteration++) {
            for (int worker = 0; worker < plan.workers(); worker++) {
                for (int slot = 0; slot < plan.samplesOf(iteration, worker); slot++) {
                    assertThat(idOf).containsKey(plan.key(iteration, worker, slot));
                }
            }
        }
    }

    @Test
    void shouldNotRepeatASampleWithinAWorkerButAmongThem() {
        Map<Integer, Set<Long>> seen = new HashMap<>();
        Set<Long> used = new HashSet<>();
        for (long id = 0; id < plan.samples(); id++) {
            for (long key : plan.keys().keysOf(id)) {
                assertThat(seen.computeIfAbsent(plan.workerOfKey(key), worker -> new HashSet<>())
                                .add(id))
                        .isTrue();
                used.add(id);
            }
        }
        // (1 − 1/16)^16 = 0.356 of the samples are expected to be left out.
        assertThat(1 - used.size() / 1000.0).isBetween(0.30, 0.41);
    }

    @Test
    void shouldBeFoundByTheLedger() {
        SampleAudit audit = new SampleAudit(plan.samples());
        for (long id = 0; id < plan.samples(); id++) {
            for (long ignored : plan.keys().keysOf(id)) {
                audit.add(id);
            }
        }
        LedgerEntry entry = LedgerEntry.of(3, List.of(audit.report()), plan.samples());
        assertThat(entry.exact()).isFalse();
        assertThat(entry.verdict()).contains("samples used more than once", "checksum differs");
    }
}
