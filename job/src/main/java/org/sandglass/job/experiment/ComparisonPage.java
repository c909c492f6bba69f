package org.sandglass.job.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.sandglass.job.report.Chart;
import org.sandglass.job.report.Chart.Axis;
import org.sandglass.job.report.ChartPage;

/** What {@code sandglass compare} draws. */
public final class ComparisonPage {

    private ComparisonPage() {}

    /** The curves of all runs over the samples that they have seen, the verdicts, and the numbers. */
    public static ChartPage of(RunGroup baseline, List<RunGroup> runs, List<Comparison> comparisons) {
        List<RunGroup> all = Stream.concat(Stream.of(baseline), runs.stream()).toList();
        return new ChartPage(
                "Sandglass · comparison",
                "baseline: " + baseline.name(),
                comparisons.stream().map(Comparison::verdict).toList(),
                curves(all),
                comparisons.stream()
                        .filter(comparison -> !comparison.epochs().isEmpty())
                        .map(ComparisonPage::table)
                        .toList());
    }

    /** Training and validation error of some groups. */
    static List<Chart> curves(List<RunGroup> groups) {
        Axis samples = Axis.linear("samples seen");
        Axis error = Axis.linear("top-1 error, %");
        List<Chart> charts = new ArrayList<>();
        charts.add(new Chart(
                "training-error",
                "Training error",
                samples,
                error,
                groups.stream().map(RunGroup::trainingLine).toList()));
        charts.add(new Chart(
                "validation-error",
                "Validation error",
                samples,
                error,
                groups.stream().map(RunGroup::validationLine).toList()));
        return charts.stream().filter(chart -> !chart.lines().isEmpty()).toList();
    }

    private static ChartPage.Table table(Comparison comparison) {
        List<List<String>> rows = comparison.epochs().stream()
                .map(point -> List.of(
                        Integer.toString(point.epoch()),
                        String.format(Locale.ROOT, "%,d", point.samples()),
                        percent(point.baseline()),
                        percent(point.run()),
                        percent(point.run() - point.baseline()),
                        percent(point.tolerance())))
                .toList();
        List<String> header =
                List.of("epoch", "samples", comparison.baseline() + ", %", comparison.run() + ", %", "difference", "±");
        return new ChartPage.Table(comparison.run() + ": " + comparison.measure(), header, 0, rows);
    }

    private static String percent(double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%.2f", value) : "–";
    }
}
