package org.sandglass.job.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.sandglass.job.experiment.SeedRun.CurvePoint;
import org.sandglass.job.experiment.SeedRun.Epoch;
import org.sandglass.job.report.Chart;

/** Runs of one setting that differ in their seeds only. */
public record RunGroup(String name, List<SeedRun> runs) {

    /** @throws IllegalArgumentException without a run */
    public RunGroup {
        runs = List.copyOf(runs);
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("Cannot group runs: " + name + " has none");
        }
    }

    /** Over the samples seen: the mean of the training error, and the seeds' standard deviation. */
    Chart.Line trainingLine() {
        return line(false, SeedRun::curve, CurvePoint::samples, CurvePoint::trainError);
    }

    /** Likewise of the validation error. */
    Chart.Line validationLine() {
        return line(true, SeedRun::epochs, Epoch::samples, Epoch::validated);
    }

    private <T> Chart.Line line(
            boolean marked, Function<SeedRun, List<T>> of, ToDoubleFunction<T> samples, ToDoubleFunction<T> error) {
        List<Chart.Point> points = new ArrayList<>();
        int most = runs.stream().mapToInt(run -> of.apply(run).size()).max().orElse(0);
        for (int i = 0; i < most; i++) {
            int at = i;
            List<T> here = runs.stream()
                    .map(of)
                    .filter(list -> list.size() > at)
                    .map(list -> list.get(at))
                    .toList();
            Spread spread = Spread.of(here.stream().mapToDouble(error).toArray());
            points.add(Chart.Point.of(samples.applyAsDouble(here.get(0)), spread.mean(), spread.deviation()));
        }
        return new Chart.Line(name, marked, points);
    }

    /** The final errors of the seeds that finished. */
    Spread finalError() {
        return Spread.of(runs.stream().mapToDouble(SeedRun::finalError).toArray());
    }

    /** How many runs ended with a status. */
    long count(String status) {
        return runs.stream().filter(run -> run.status().equals(status)).count();
    }
}
