package org.sandglass.job.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.sandglass.job.report.Chart.Line;
import org.sandglass.job.report.Chart.Point;

/** A chart as an SVG file: standing alone, readable on a light and on a dark page. */
public final class ChartSvg {

    private static final int WIDTH = 720;
    private static final int LEFT = 64;
    private static final int TOP = 36;
    private static final int PLOT_WIDTH = WIDTH - LEFT - 16;
    private static final int PLOT_HEIGHT = 300;
    private static final int LEGEND_TOP = TOP + PLOT_HEIGHT + 58;
    private static final int LEGEND_ROW = 18;
    private static final int LEGEND_COLUMNS = 2;

    private final Chart chart;
    private final ChartScale x;
    private final ChartScale y;
    private final StringBuilder text = new StringBuilder();

    private ChartSvg(Chart chart) {
        this.chart = chart;
        this.x = ChartScale.of(chart.x().logarithmic(), values(chart, List.of(Point::x)), 0);
        this.y =
                ChartScale.of(chart.y().logarithmic(), values(chart, List.of(Point::y, Point::low, Point::high)), 0.04);
    }

    /** The file's text. */
    public static String of(Chart chart) {
        return new ChartSvg(chart).render();
    }

    private static List<Double> values(Chart chart, List<ToDoubleFunction<Point>> of) {
        List<Double> values = new ArrayList<>();
        for (Line line : chart.lines()) {
            line.points().forEach(point -> of.forEach(one -> values.add(one.applyAsDouble(point))));
        }
        return values;
    }

    private String render() {
        int rows = (chart.lines().size() + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS;
        int height = LEGEND_TOP + rows * LEGEND_ROW;
        text.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
                        .formatted(WIDTH, height, WIDTH, height))
                .append(" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"12\">\n")
                .append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
        label(LEFT, 22, "start", "font-size=\"14\" font-weight=\"600\" fill=\"#1f2328\"", chart.title());
        axes();
        for (int i = 0; i < chart.lines().size(); i++) {
            draw(chart.lines().get(i), ChartColors.of(i));
            legend(i);
        }
        return text.append("</svg>\n").toString();
    }

    private void axes() {
        for (double tick : x.ticks()) {
            double at = across(tick);
            stroke(at, TOP, at, TOP + PLOT_HEIGHT, "#ecebe5");
            label(at, TOP + PLOT_HEIGHT + 17, "middle", "fill=\"#66707a\"", ChartScale.label(tick));
        }
        for (double tick : y.ticks()) {
            double at = down(tick);
            stroke(LEFT, at, LEFT + PLOT_WIDTH, at, "#ecebe5");
            label(LEFT - 8, at + 4, "end", "fill=\"#66707a\"", ChartScale.label(tick));
        }
        label(
                LEFT + PLOT_WIDTH / 2.0,
                TOP + PLOT_HEIGHT + 36,
                "middle",
                "fill=\"#66707a\"",
                chart.x().label());
        double middle = TOP + PLOT_HEIGHT / 2.0;
        String turned = "fill=\"#66707a\" transform=\"rotate(-90 16 %.1f)\"".formatted(middle);
        label(16, middle, "middle", turned, chart.y().label());
    }

    private void draw(Line line, String color) {
        List<Point> points = line.points();
        boolean spread = points.stream().anyMatch(point -> point.high() > point.low());
        if (spread && !line.marked()) {
            List<String> outline = new ArrayList<>();
            points.forEach(point -> outline.add(place(point.x(), point.high())));
            for (int i = points.size() - 1; i >= 0; i--) {
                outline.add(place(points.get(i).x(), points.get(i).low()));
            }
            text.append("<polygon points=\"%s\" fill=\"%s\" fill-opacity=\"0.18\"/>\n"
                    .formatted(String.join(" ", outline), color));
        }
        String course =
                points.stream().map(point -> place(point.x(), point.y())).collect(Collectors.joining(" "));
        text.append(
                "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\" stroke-linejoin=\"round\"/>\n"
                        .formatted(course, color));
        if (line.marked()) {
            points.forEach(point -> mark(point, color));
        }
    }

    private void mark(Point point, String color) {
        double at = across(point.x());
        if (point.high() > point.low()) {
            stroke(at, down(point.low()), at, down(point.high()), color);
        }
        text.append("<circle cx=\"%s\" cy=\"%s\" r=\"3.5\" fill=\"%s\"/>\n"
                .formatted(number(at), number(down(point.y())), color));
    }

    private void legend(int index) {
        int row = index / LEGEND_COLUMNS;
        double left = LEFT + index % LEGEND_COLUMNS * (PLOT_WIDTH / (double) LEGEND_COLUMNS);
        double top = LEGEND_TOP + row * LEGEND_ROW - 4;
        text.append("<rect x=\"%s\" y=\"%s\" width=\"14\" height=\"4\" rx=\"2\" fill=\"%s\"/>\n"
                .formatted(number(left), number(top - 6), ChartColors.of(index)));
        label(
                left + 20,
                top,
                "start",
                "fill=\"#1f2328\"",
                chart.lines().get(index).name());
    }

    private void label(double at, double down, String anchor, String style, String words) {
        text.append("<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" %s>%s</text>\n"
                .formatted(number(at), number(down), anchor, style, HtmlText.escape(words)));
    }

    private void stroke(double fromX, double fromY, double toX, double toY, String color) {
        text.append("<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" stroke=\"%s\"/>\n"
                .formatted(number(fromX), number(fromY), number(toX), number(toY), color));
    }

    private String place(double atX, double atY) {
        return number(across(atX)) + "," + number(down(atY));
    }

    private double across(double value) {
        return LEFT + PLOT_WIDTH * x.share(value);
    }

    private double down(double value) {
        return TOP + PLOT_HEIGHT * (1 - y.share(value));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
