package org.sandglass.job.report;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.LedgerEntry;
import org.sandglass.job.report.HtmlText.Cell;

/** The report's tiles and tables as HTML. */
final class ReportTables {

    private final Recipe recipe;
    private final RunHistory history;
    private final Optional<Summary> summary;

    ReportTables(Recipe recipe, RunHistory history, Optional<Summary> summary) {
        this.recipe = recipe;
        this.history = history;
        this.summary = summary;
    }

    String tiles() {
        List<EpochMetrics> epochs = history.epochs();
        EpochMetrics last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        double seconds = epochs.stream().mapToDouble(EpochMetrics::seconds).sum();
        double samples = epochs.stream().mapToLong(EpochMetrics::samples).sum();
        double exposed = epochs.stream()
                .mapToDouble(epoch -> epoch.exposedCommunication() * epoch.seconds())
                .sum();
        long peak =
                epochs.stream().mapToLong(EpochMetrics::peakMemoryBytes).max().orElse(0);
        return error(last)
                + tile(
                        "",
                        "Epochs",
                        last == null ? "0" : Integer.toString(last.epoch()),
                        "/ " + recipe.training().epochs(),
                        iterations())
                + tile("", "Speed", HtmlText.number(samples / seconds, 0), "images/s", "over all of training")
                + tile(
                        "",
                        "Time",
                        EpochLine.time(summary.map(Summary::wallSeconds).orElse(seconds)),
                        "",
                        summary.map(s -> s.restarts() + " restarts").orElse("training"))
                + tile(
                        "",
                        "Minibatch",
                        HtmlText.number((double) recipe.training().globalBatchSize(), 0),
                        "",
                        recipe.training().workers() + " workers × "
                                + recipe.training().perWorkerBatchSize()
                                + summary.map(s -> " on " + s.tasks() + " tasks")
                                        .orElse(""))
                + tile(
                        "",
                        "Exposed communication",
                        HtmlText.number(100 * exposed / seconds, 1),
                        "%",
                        "of the time, training waited for the all-reduce")
                + tile("", "Peak memory", HtmlText.bytes(peak), "", "largest executor")
                + verdict();
    }

    private static String error(@Nullable EpochMetrics last) {
        if (last == null) {
            return tile("", "Top-1 error", "–", "", "no epoch is finished");
        }
        ValidationMetrics validation = last.validation();
        if (validation == null) {
            return tile("", "Top-1 error", HtmlText.number(last.trainTop1Error(), 2), "%", "training");
        }
        String top5 = "validation; top-5 " + HtmlText.number(validation.top5Error(), 2) + " %";
        return tile("", "Top-1 error", HtmlText.number(validation.top1Error(), 2), "%", top5);
    }

    private String iterations() {
        long iterations =
                history.epochs().stream().mapToLong(EpochMetrics::iterations).sum();
        return HtmlText.number((double) iterations, 0) + " iterations";
    }

    private String verdict() {
        long violations = history.ledger().stream().filter(e -> !isExact(e)).count();
        if (history.ledger().isEmpty()) {
            return tile("", "Ledger", "–", "", "no epoch is finished");
        }
        return violations == 0
                ? tile("good", "Ledger", "exact", "", history.ledger().size() + " epochs")
                : tile(
                        "bad",
                        "Ledger",
                        "violated",
                        "",
                        violations + " of " + history.ledger().size() + " epochs");
    }

    String epochs() {
        StringBuilder rows = new StringBuilder(HtmlText.row(
                "th",
                List.of(
                        Cell.number("epoch"),
                        Cell.number("training loss"),
                        Cell.number("top-1 error, %"),
                        Cell.number("validation loss"),
                        Cell.number("top-1 error, %"),
                        Cell.number("top-5 error, %"),
                        Cell.number("learning rate"),
                        Cell.number("images/s"),
                        Cell.number("exposed communication, %"),
                        Cell.number("time"))));
        for (EpochMetrics epoch : history.epochs()) {
            ValidationMetrics validation = epoch.validation();
            rows.append(HtmlText.row(
                    "td",
                    List.of(
                            Cell.number(Integer.toString(epoch.epoch())),
                            Cell.number(HtmlText.number(epoch.trainLoss(), 4)),
                            Cell.number(HtmlText.number(epoch.trainTop1Error(), 2)),
                            Cell.number(HtmlText.number(validation == null ? null : validation.loss(), 4)),
                            Cell.number(HtmlText.number(validation == null ? null : validation.top1Error(), 2)),
                            Cell.number(HtmlText.number(validation == null ? null : validation.top5Error(), 2)),
                            Cell.number(HtmlText.significant(epoch.learningRate())),
                            Cell.number(HtmlText.number(epoch.imagesPerSecond(), 1)),
                            Cell.number(HtmlText.number(100 * epoch.exposedCommunication(), 1)),
                            Cell.number(EpochLine.time(epoch.seconds())))));
        }
        return HtmlText.table(rows.toString());
    }

    String ledger() {
        StringBuilder rows = new StringBuilder(HtmlText.row(
                "th",
                List.of(
                        Cell.number("epoch"),
                        Cell.number("samples"),
                        Cell.number("distinct"),
                        Cell.number("skipped"),
                        new Cell("", "checksum of their identifiers"),
                        new Cell("", "verdict"))));
        for (LedgerEntry entry : history.ledger()) {
            rows.append(HtmlText.row(
                    "td",
                    List.of(
                            Cell.number(Integer.toString(entry.epoch())),
                            Cell.number(HtmlText.number((double) entry.samples(), 0)),
                            Cell.number(HtmlText.number((double) entry.distinct(), 0)),
                            Cell.number(HtmlText.number((double) entry.skipped(), 0)),
                            new Cell("mono", entry.checksum()),
                            new Cell(isExact(entry) ? "good" : "bad", entry.verdict()))));
        }
        return HtmlText.table(rows.toString());
    }

    private static boolean isExact(LedgerEntry entry) {
        return "exact".equals(entry.verdict());
    }

    String settings() {
        StringBuilder rows = new StringBuilder();
        recipe.settings().forEach((key, value) -> rows.append(setting(key, value)));
        return HtmlText.table(rows.toString());
    }

    String environment() {
        Build build = Build.current();
        StringBuilder rows = new StringBuilder();
        summary.ifPresent(s -> rows.append(setting("device", s.device()))
                .append(setting("precision", s.precision()))
                .append(setting("tasks", Integer.toString(s.tasks())))
                .append(setting("Spark", s.sparkVersion()))
                .append(setting(
                        "weights, SHA-256",
                        Optional.ofNullable(s.weightsSha256()).orElse("–"))));
        rows.append(setting("Sandglass", build.version()))
                .append(setting("commit", build.commit()))
                .append(setting("driver's Java", Runtime.version().toString()))
                .append(setting(
                        "driver's system",
                        System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                                + System.getProperty("os.arch") + ", "
                                + Runtime.getRuntime().availableProcessors() + " processors"));
        return HtmlText.table(rows.toString());
    }

    private static String setting(String key, String value) {
        return HtmlText.row("td", List.of(new Cell("key", key), new Cell("value", value)));
    }

    private static String tile(String style, String name, String value, String unit, String note) {
        return "<div class=\"tile " + style + "\"><div class=\"name\">" + name + "</div><div class=\"value\">"
                + HtmlText.escape(value) + " <small>" + unit + "</small></div><div class=\"note\">"
                + HtmlText.escape(note) + "</div></div>\n";
    }
}
