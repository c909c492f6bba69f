package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EpochPlanTest {

    @Test
    void shouldPlanImageNetOn256Workers() {
        EpochPlan plan = new EpochPlan(1_281_167, 256, 32, 0, 1);

        assertThat(plan.globalBatchSize()).isEqualTo(8192);
        assertThat(plan.iterations()).isEqualTo(157);
        assertThat(plan.samplesIn(155)).isEqualTo(8192);
        assertThat(plan.samplesIn(156)).isEqualTo(3215);
        for (int worker = 0; worker < 256; worker++) {
            assertThat(plan.samplesOf(0, worker)).isEqualTo(32);
            assertThat(plan.samplesOf(156, worker)).isEqualTo(worker < 3215 % 256 ? 13 : 12);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 4, 8", "3, 4, 8", "37, 3, 4", "96, 4, 8", "97, 4, 8", "1000, 7, 5", "50000, 2, 64"})
    void shouldGiveEverySampleItsOwnSlot(long samples, int workers, int perWorkerBatchSize) {
        EpochPlan plan = new EpochPlan(samples, workers, perWorkerBatchSize, 9, 4);
        SampleKeys keys = plan.keys();
        Set<Long> expected = new HashSet<>();
        for (long iteration = 0; iteration < plan.iterations(); iteration++) {
            for (int worker = 0; worker < workers; worker++) {
                assertThat(plan.samplesOf(iteration, worker)).isBetween(0, perWorkerBatchSize);
                for (int slot = 0; slot < plan.samplesOf(iteration, worker); slot++) {
                    expected.add(plan.key(iteration, worker, slot));
                }
            }
        }
        assertThat(expected).hasSize((int) samples);
        for (long id = 0; id < samples; id++) {
            assertThat(expected.remove(keys.keysOf(id)[0])).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "3, 4, 8", "37, 3, 4", "1000, 7, 5", "1281167, 256, 32"})
    void shouldAddUpToAllSamples(long samples, int workers, int perWorkerBatchSize) {
        EpochPlan plan = new EpochPlan(samples, workers, perWorkerBatchSize, 9, 4);
        assertThat(LongStream.range(0, plan.iterations()).map(plan::samplesIn).sum())
                .isEqualTo(samples);
        LongStream.range(0, plan.iterations()).forEach(iteration -> {
            int[] counts = IntStream.range(0, workers)
                    .map(worker -> plan.samplesOf(iteration, worker))
                    .toArray();
            assertThat((long) IntStream.of(counts).sum()).isEqualTo(plan.samplesIn(iteration));
            assertThat(IntStream.of(counts).filter(count -> count > 0).count())
                    .isEqualTo(plan.activeWorkers(iteration));
        });
    }

    @Test
    void shouldPlacePositionsAsTheDesignSays() {
        EpochPlan plan = new EpochPlan(1000, 4, 8, 1, 1);
        for (long position = 0; position < 1000; position++) {
            assertThat(plan.iterationOf(position)).isEqualTo(position / 32);
            assertThat(plan.workerOf(position)).isEqualTo((int) (position % 32 % 4));
            assertThat(plan.slotOf(position)).isEqualTo((int) (position % 32 / 4));
            long id = plan.idAt(position);
            assertThat(plan.position(id)).isEqualTo(position);
            assertThat(plan.workerOfKey(plan.keys().keysOf(id)[0])).isEqualTo(plan.workerOf(position));
        }
    }

    @Test
    void shouldShuffleAgainEveryEpoch() {
        EpochPlan first = new EpochPlan(1000, 4, 8, 1, 1);
        EpochPlan second = new EpochPlan(1000, 4, 8, 1, 2);
        assertThat(LongStream.range(0, 1000).filter(id -> first.position(id) == second.position(id)))
                .hasSizeLessThan(10);
    }

    @Test
    void shouldRefuseNothingToPlan() {
        assertThatIllegalArgumentException().isThrownBy(() -> new EpochPlan(0, 1, 1, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new EpochPlan(1, 0, 1, 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new EpochPlan(1, 1, 0, 0, 0));
    }
}
