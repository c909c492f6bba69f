package org.sandglass.ops.device.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.StepTime;

/** Runs steps one by one, looking at the clock in between. */
final class StepClock {
    private final int repetitions;
    private final Map<Step, Samples> samples = new LinkedHashMap<>();

    /** A step's times in nanoseconds. */
    private record Samples(StepTime.Phase phase, List<Long> nanoseconds) {}

    StepClock(int repetitions) {
        if (repetitions <= 0) {
            throw new IllegalArgumentException("Cannot profile: repetitions=" + repetitions);
        }
        this.repetitions = repetitions;
    }

    void time(StepTime.Phase phase, Step[] steps) {
        for (Step step : steps) {
            long start = System.nanoTime();
            step.work().run(GradientListener.NONE);
            long elapsed = System.nanoTime() - start;
            samples.computeIfAbsent(step, key -> new Samples(phase, new ArrayList<>(repetitions)))
                    .nanoseconds()
                    .add(elapsed);
        }
    }

    /** Medians, in the order in which steps first ran. */
    List<StepTime> times() {
        List<StepTime> times = new ArrayList<>();
        samples.forEach((step, taken) -> times.add(new StepTime(
                step.layer(), taken.phase(), step.kind(), step.implementation(), median(taken), step.flops())));
        return times;
    }

    private static double median(Samples taken) {
        long[] sorted = taken.nanoseconds().stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2] / 1e9;
    }
}
