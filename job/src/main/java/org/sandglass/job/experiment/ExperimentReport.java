package org.sandglass.job.experiment;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.function.ToLongFunction;
import org.sandglass.job.experiment.ExperimentData.SettingData;
import org.sandglass.job.report.Chart;
import org.sandglass.job.report.Chart.Axis;
import org.sandglass.job.report.Chart.Point;
import org.sandglass.job.report.ChartPage;
import org.sandglass.job.report.ChartSvg;
import org.sandglass.job.report.RunFiles;

/** An experiment's tables and figures: {@code data.json}, {@code table.csv}, {@code table.md}, SVG, {@code report.html}. */
public final class ExperimentReport {

    private static final int ENOUGH_FOR_A_LINE = 3;

    private final ExperimentData data;
    private final Map<String, Comparison> comparisons = new LinkedHashMap<>();

    private ExperimentReport(ExperimentData data) {
        this.data = data;
        data.baselineGroup().ifPresent(this::compare);
    }

    private void compare(RunGroup baseline) {
        for (SettingData setting : data.settings()) {
            if (!setting.name().equals(data.baseline())) {
                setting.group()
                        .map(group -> Comparison.ofTraining(baseline, group, OptionalDouble.empty()))
                        .ifPresent(comparison -> comparisons.put(setting.name(), comparison));
            }
        }
    }

    /** Writes everything into a directory; returns the page's name there. */
    public static String write(ExperimentData data, RunFiles out) {
        ExperimentReport report = new ExperimentReport(data);
        ChartPage.Table table = report.table();
        out.write("data.json", data.json());
        out.write("table.csv", table.csv());
        out.write("table.md", table.markdown() + "\n" + data.provenance() + "\n" + data.tablesInWords() + "\n");
        List<Chart> charts = report.charts();
        charts.forEach(chart -> out.write(chart.id() + ".svg", ChartSvg.of(chart)));
        out.write("report.html", report.page(table, charts).render());
        return "report.html";
    }

    private ChartPage page(ChartPage.Table table, List<Chart> charts) {
        List<String> notes = new ArrayList<>();
        if (!data.paper().isEmpty()) {
            notes.add("Goyal et al.: " + data.paper());
        }
        notes.add(data.tablesInWords());
        comparisons.values().stream().filter(Comparison::known).forEach(comparison -> notes.add(comparison.verdict()));
        return new ChartPage(
                "Sandglass · " + data.title(), data.provenance(), notes, charts, List.of(table, changes(), recipe()));
    }

    private ChartPage.Table recipe() {
        return new ChartPage.Table(
                "The recipe of " + reference(),
                List.of("key", "value"),
                2,
                data.recipe().entrySet().stream()
                        .map(entry -> List.of(entry.getKey(), entry.getValue()))
                        .toList());
    }

    private String reference() {
        return data.baseline() == null ? "the first setting" : data.baseline();
    }

    /** A row for each setting. */
    ChartPage.Table table() {
        List<String> header = List.of(
                "setting",
                "data",
                "training curve",
                "k",
                "n",
                "kn",
                "seeds",
                "error, %",
                "paper, %",
                "s / iteration, median",
                "s / epoch, median",
                "hours");
        return new ChartPage.Table(
                "Top-1 validation error: median of the last five epochs, mean ± standard deviation over the seeds",
                header,
                3,
                data.settings().stream().map(this::row).toList());
    }

    private List<String> row(SettingData setting) {
        List<SeedRun> runs = setting.runs();
        double hours = runs.stream().mapToDouble(SeedRun::wallSeconds).sum() / 3600;
        return List.of(
                setting.name(),
                setting.table(),
                curve(setting),
                Integer.toString(setting.workers()),
                Integer.toString(setting.perWorkerBatchSize()),
                Long.toString(setting.globalBatchSize()),
                Integer.toString(runs.size()),
                error(setting),
                setting.paper().isEmpty() ? "–" : setting.paper(),
                number("%.3f", setting.secondsPerIteration()),
                number("%.1f", setting.secondsPerEpoch()),
                number("%.2f", hours));
    }

    private String curve(SettingData setting) {
        Comparison comparison = comparisons.get(setting.name());
        if (setting.name().equals(data.baseline())) {
            return "baseline";
        }
        if (comparison == null || !comparison.known()) {
            return "–";
        }
        return comparison.coincidesFrom() == null ? "differs" : "coincides from epoch " + comparison.coincidesFrom();
    }

    private static String error(SettingData setting) {
        Optional<RunGroup> group = setting.group();
        if (group.isEmpty()) {
            return "not run";
        }
        Spread error = group.get().finalError();
        List<String> parts = new ArrayList<>();
        if (error.count() > 0) {
            String deviation = Double.isFinite(error.deviation()) ? number(" ± %.2f", error.deviation()) : "";
            parts.add(number("%.2f", error.mean()) + deviation);
        }
        for (String status : List.of("diverged", "failed", "running")) {
            long count = group.get().count(status);
            if (count > 0) {
                parts.add(count + " " + status);
            }
        }
        return String.join(", ", parts);
    }

    private ChartPage.Table changes() {
        return new ChartPage.Table(
                "What the settings change, against " + reference(),
                List.of("setting", "keys"),
                2,
                data.settings().stream()
                        .map(setting -> List.of(setting.name(), String.join(", ", setting.changes())))
                        .toList());
    }

    private List<Chart> charts() {
        List<RunGroup> groups = data.settings().stream()
                .flatMap(setting -> setting.group().stream())
                .toList();
        List<Chart> charts = new ArrayList<>(ComparisonPage.curves(groups));
        if (distinct(SettingData::globalBatchSize) >= ENOUGH_FOR_A_LINE) {
            Axis minibatch = Axis.log("minibatch kn");
            charts.add(new Chart(
                    "error-by-minibatch",
                    "Validation error against minibatch",
                    minibatch,
                    Axis.linear("top-1 error, %"),
                    lines(SettingData::globalBatchSize, ExperimentReport::errorAt)));
            charts.add(new Chart(
                    "seconds-per-iteration",
                    "Time of an iteration against minibatch, median over the seeds",
                    minibatch,
                    Axis.log("seconds"),
                    lines(SettingData::globalBatchSize, (x, setting) -> Point.of(x, setting.secondsPerIteration()))));
            charts.add(new Chart(
                    "seconds-per-epoch",
                    "Time of an epoch against minibatch, median over the seeds",
                    minibatch,
                    Axis.linear("seconds"),
                    lines(SettingData::globalBatchSize, (x, setting) -> Point.of(x, setting.secondsPerEpoch()))));
        }
        if (distinct(SettingData::perWorkerBatchSize) >= ENOUGH_FOR_A_LINE) {
            charts.add(new Chart(
                    "error-by-samples-per-worker",
                    "Validation error against samples per worker",
                    Axis.log("samples per worker n"),
                    Axis.linear("top-1 error, %"),
                    lines(SettingData::perWorkerBatchSize, ExperimentReport::errorAt)));
        }
        return charts.stream().filter(chart -> !chart.lines().isEmpty()).toList();
    }

    private long distinct(ToLongFunction<SettingData> size) {
        return data.settings().stream().mapToLong(size).distinct().count();
    }

    /** A line for each series of settings, those without runs left out. */
    private List<Chart.Line> lines(ToLongFunction<SettingData> size, BiFunction<Double, SettingData, Point> point) {
        Map<String, List<Point>> series = new LinkedHashMap<>();
        data.settings().stream()
                .filter(setting -> !setting.runs().isEmpty())
                .sorted(Comparator.comparingLong(size))
                .forEach(setting -> series.computeIfAbsent(setting.series(), name -> new ArrayList<>())
                        .add(point.apply((double) size.applyAsLong(setting), setting)));
        return series.entrySet().stream()
                .map(line ->
                        new Chart.Line(line.getKey().isEmpty() ? data.title() : line.getKey(), true, line.getValue()))
                .toList();
    }

    private static Point errorAt(double x, SettingData setting) {
        Spread error = new RunGroup(setting.name(), setting.runs()).finalError();
        return Point.of(x, error.mean(), error.deviation());
    }

    private static String number(String format, double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "–";
    }
}
