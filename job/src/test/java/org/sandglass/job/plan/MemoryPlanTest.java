package org.sandglass.job.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.sandglass.job.config.Recipe;

class MemoryPlanTest {

    @Test
    void shouldAddUpWhatATaskHolds() {
        MemoryPlan plan = MemoryPlan.of(recipe("training.perWorkerBatchSize = 16"), 10, 1);

        Map<String, Long> parts =
                plan.parts().stream().collect(Collectors.toMap(MemoryPlan.Part::name, MemoryPlan.Part::bytes));
        assertThat(plan.bytes())
                .isEqualTo(parts.values().stream().mapToLong(Long::longValue).sum());
        assertThat(parts.get("weights")).isBetween(4L * 75_000, 4L * 85_000);
        assertThat(parts.get("momentum")).isEqualTo(parts.get("weights"));
        assertThat(parts.get("input buffers")).isEqualTo(3L * 16 * 3 * 32 * 32 * 4);
        assertThat(parts.get("values, gradients and workspaces of a step")).isGreaterThan(1 << 20);
        assertThat(plan.table()).contains("a task together").doesNotContain("null");
    }

    @Test
    void shouldGrowWithTheMicrobatchAndLeaveOutWhatIsOff() {
        MemoryPlan small = MemoryPlan.of(recipe("training.perWorkerBatchSize = 8"), 10, 1);
        MemoryPlan large = MemoryPlan.of(recipe("training.perWorkerBatchSize = 16"), 10, 1);
        MemoryPlan without =
                MemoryPlan.of(recipe("training.perWorkerBatchSize = 8, checkpoint.everyIterations = 0"), 10, 1);

        assertThat(large.bytes()).isGreaterThan(small.bytes());
        assertThat(without.bytes()).isLessThan(small.bytes());
        assertThat(without.heapBytes()).isEqualTo(small.heapBytes());
        assertThat(large.heapBytes()).isGreaterThan(small.heapBytes());
    }

    private static Recipe recipe(String settings) {
        return Recipe.parse("model.name = cifar-resnet8, " + settings, "the test");
    }
}
