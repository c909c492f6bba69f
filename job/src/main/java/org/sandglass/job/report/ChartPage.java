package org.sandglass.job.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.report.HtmlText.Cell;

/**
 * A page of charts and tables that holds everything it shows.
 *
 * @param notes paragraphs above the charts
 */
public record ChartPage(String title, String where, List<String> notes, List<Chart> charts, List<Table> tables) {

    private static final MathContext DIGITS = new MathContext(5);

    /** Defends against later changes of the lists. */
    public ChartPage {
        notes = List.copyOf(notes);
        charts = List.copyOf(charts);
        tables = List.copyOf(tables);
    }

    /** A table of text; the columns from {@code firstNumber} on are aligned as numbers. */
    public record Table(String title, List<String> header, int firstNumber, List<List<String>> rows) {

        public Table {
            header = List.copyOf(header);
            rows = List.copyOf(rows);
        }

        String html() {
            StringBuilder text = new StringBuilder(HtmlText.row("th", cells(header)));
            rows.forEach(row -> text.append(HtmlText.row("td", cells(row))));
            return HtmlText.table(text.toString());
        }

        /** As Markdown. */
        public String markdown() {
            StringBuilder text = new StringBuilder(line(header)).append("|");
            for (int column = 0; column < header.size(); column++) {
                text.append(column < firstNumber ? "---|" : "---:|");
            }
            text.append('\n');
            rows.forEach(row -> text.append(line(row)));
            return text.toString();
        }

        /** As comma-separated values (RFC 4180). */
        public String csv() {
            StringBuilder text = new StringBuilder(values(header));
            rows.forEach(row -> text.append(values(row)));
            return text.toString();
        }

        private List<Cell> cells(List<String> row) {
            List<Cell> cells = new ArrayList<>();
            for (int column = 0; column < row.size(); column++) {
                cells.add(column < firstNumber ? new Cell("", row.get(column)) : Cell.number(row.get(column)));
            }
            return cells;
        }

        private static String line(List<String> row) {
            return row.stream().map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ", "| ", " |"))
                    + "\n";
        }

        private static String values(List<String> row) {
            return row.stream()
                            .map(cell -> cell.matches("[^\",\\r\\n]*") ? cell : '"' + cell.replace("\"", "\"\"") + '"')
                            .collect(Collectors.joining(","))
                    + "\r\n";
        }
    }

    /** The page. */
    public String render() {
        StringBuilder places = new StringBuilder();
        charts.forEach(
                chart -> places.append("<div class=\"card\"><h2>%s</h2><div class=\"plot\" id=\"%s\"></div></div>%n"
                        .formatted(HtmlText.escape(chart.title()), HtmlText.escape(chart.id()))));
        StringBuilder cards = new StringBuilder();
        tables.forEach(table -> cards.append("<section class=\"card wide\"><h2>%s</h2>%n%s</section>%n"
                .formatted(HtmlText.escape(table.title()), table.html())));
        String said = notes.stream()
                .map(note -> "<p>" + HtmlText.escape(note) + "</p>\n")
                .collect(Collectors.joining());
        return PageTemplate.fill(
                "charts",
                Map.of(
                        "title", HtmlText.escape(title),
                        "where", HtmlText.escape(where),
                        "notes", said,
                        "charts", places.toString(),
                        "tables", cards.toString(),
                        "data",
                                PageTemplate.data(
                                        charts.stream().map(Drawing::of).toList())));
    }

    /** A chart as the page's script takes it: all lines over the same x, with null where a line has no point. */
    private record Drawing(String id, Chart.Axis x, Chart.Axis y, List<BigDecimal> at, List<Course> lines) {

        static Drawing of(Chart chart) {
            NavigableSet<Double> all = new TreeSet<>();
            chart.lines().forEach(line -> line.points().forEach(point -> all.add(point.x())));
            List<Course> lines = new ArrayList<>();
            for (int i = 0; i < chart.lines().size(); i++) {
                lines.add(Course.of(chart.lines().get(i), ChartColors.of(i), all));
            }
            return new Drawing(
                    chart.id(),
                    chart.x(),
                    chart.y(),
                    all.stream().map(Drawing::rounded).toList(),
                    lines);
        }

        static BigDecimal rounded(double value) {
            return new BigDecimal(value).round(DIGITS);
        }
    }

    private record Course(
            String name,
            String color,
            boolean marked,
            List<@Nullable BigDecimal> values,
            List<@Nullable BigDecimal> low,
            List<@Nullable BigDecimal> high) {

        static Course of(Chart.Line line, String color, NavigableSet<Double> all) {
            Map<Double, Chart.Point> points = new TreeMap<>();
            line.points().forEach(point -> points.put(point.x(), point));
            Course course = new Course(
                    line.name(), color, line.marked(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
            for (double at : all) {
                Chart.Point point = points.get(at);
                course.values.add(point == null ? null : Drawing.rounded(point.y()));
                course.low.add(point == null ? null : Drawing.rounded(point.low()));
                course.high.add(point == null ? null : Drawing.rounded(point.high()));
            }
            return course;
        }
    }
}
