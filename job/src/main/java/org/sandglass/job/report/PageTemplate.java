package org.sandglass.job.report;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes pages of templates: each page holds its scripts and styles, and asks the network for nothing. */
final class PageTemplate {

    private static final String PLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z-]+)}}");

    private PageTemplate() {}

    /**
     * Fills {@code NAME.html}, with {@code NAME.js} as its script.
     *
     * @param parts HTML for each placeholder but those of style, script and version
     */
    static String fill(String name, Map<String, String> parts) {
        Map<String, String> all = new HashMap<>(parts);
        all.put("version", HtmlText.escape(Build.current().version()));
        all.put("style", resource("report.css"));
        all.put("script", resource(name + ".js"));
        all.put("plot-style", resource(PLOT + "uPlot.min.css"));
        all.put("plot-script", resource(PLOT + "uPlot.iife.min.js"));
        Matcher matcher = PLACEHOLDER.matcher(resource(name + ".html"));
        return matcher.replaceAll(part -> Matcher.quoteReplacement(part(all, part.group(1))));
    }

    /** For an element of type {@code application/json}: without a {@code <} that could end it. */
    static String data(Object value) {
        return JsonLines.line(value).strip().replace("<", "\\u003c");
    }

    private static String part(Map<String, String> parts, String name) {
        String part = parts.get(name);
        if (part == null) {
            throw new IllegalStateException("Cannot render a page: no part " + name);
        }
        return part;
    }

    private static String resource(String name) {
        try (InputStream in = PageTemplate.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new FileNotFoundException("no resource " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot render a page: " + e.getMessage(), e);
        }
    }
}
