package org.sandglass.job.report;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sandglass.job.config.Recipe;

/** The report: one HTML page that holds everything it shows and asks the network for nothing. */
final class HtmlReport {

    private static final String PLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z-]+)}}");

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
                Map.entry("version", HtmlText.escape(Build.current().version())),
                Map.entry("data", data()),
                Map.entry("style", resource("report.css")),
                Map.entry("script", resource("report.js")),
                Map.entry("plot-style", resource(PLOT + "uPlot.min.css")),
                Map.entry("plot-script", resource(PLOT + "uPlot.iife.min.js")));
        Matcher matcher = PLACEHOLDER.matcher(resource("report.html"));
        return matcher.replaceAll(part -> Matcher.quoteReplacement(part(parts, part.group(1))));
    }

    private static String part(Map<String, String> parts, String name) {
        String part = parts.get(name);
        if (part == null) {
            throw new IllegalStateException("Cannot render report: no part " + name);
        }
        return part;
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

    /** Without a {@code <} that could end the script element. */
    private String data() {
        return JsonLines.line(ReportCurves.of(history)).strip().replace("<", "\\u003c");
    }

    private static String resource(String name) {
        try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new FileNotFoundException("no resource " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot render report: " + e.getMessage(), e);
        }
    }
}
