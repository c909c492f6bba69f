package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkerDealTest {

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "2, 2", "7, 2", "7, 3", "256, 1", "256, 3", "256, 100", "256, 256"})
    void shouldDealContiguousBlocksAsEvenAsTheyGo(int workers, int tasks) {
        WorkerDeal deal = new WorkerDeal(workers, tasks);
        int next = 0;
        for (int task = 0; task < tasks; task++) {
            assertThat(deal.firstWorker(task)).isEqualTo(next);
            assertThat(deal.workersOf(task)).isBetween(workers / tasks, (workers + tasks - 1) / tasks);
            for (int i = 0; i < deal.workersOf(task); i++) {
                assertThat(deal.taskOf(next)).isEqualTo(task);
                next++;
            }
        }
        assertThat(next).isEqualTo(workers);
    }

    @Test
    void shouldRefuseTasksWithoutWorkers() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WorkerDeal(2, 3))
                .withMessageContaining("tasks=3 workers=2");
        assertThatIllegalArgumentException().isThrownBy(() -> new WorkerDeal(2, 0));
    }
}
