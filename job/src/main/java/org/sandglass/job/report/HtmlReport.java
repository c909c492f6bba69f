package org.sandglass.job.report;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.sandglass.job.config.Recipe;

/** The report: one HTML page that holds everything it shows and asks the network for nothing. */
final class HtmlReport {

    private final String run;
    private final Recipe recipe;
    private final RunHistory history;
    private final Optional<Summary> summary;

    HtmlReport(String run, Recipe recipe, RunHistory history, Optional<Summary> summary) {
        this.run = run;
        this.recipe = recipe;
        this.history = history;
        this.summary = summary;
    }

    String render() {
        ReportTables tables = new ReportTables(recipe, history, summary);
        Map<String, String> parts = Map.ofEntries(
                Map.entry(
                        "title", HtmlText.escape("Sandglass · " + recipe.model().name())),
                Map.entry("status", status()),
                Map.entry("run", HtmlText.escape(run)),
                Map.entry("error", error()),
                Map.entry("tiles", tables.tiles()),
                Map.entry("epochs", tables.epochs()),
                Map.entry("ledger", tables.ledger()),
                Map.entry("settings", tables.settings()),
                Map.entry("environment", tables.environment()),
                Map.entry("data", PageTemplate.data(ReportCurves.of(history))));
        return PageTemplate.fill("report", parts);
    }

    private String status() {
        String status =
                summary.map(s -> s.status().name().toLowerCase(Locale.ROOT)).orElse("running");
        String style = summary.map(s -> s.status() == Summary.Status.FINISHED ? " good" : " bad")
                .orElse("");
        return "<span class=\"chip" + style + "\">" + status + "</span>";
    }

    private String error() {
        return summary.flatMap(s -> Optional.ofNullable(s.error()))
                .map(error -> "<div class=\"error\">" + HtmlText.escape(error) + "</div>")
                .orElse("");
    }
}
