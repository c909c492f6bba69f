package org.sandglass.job.report;

import java.util.List;

/**
 * Lines over a common axis, to be drawn in a page ({@link ChartPage}) or a file ({@link ChartSvg}).
 *
 * @param id names the chart in a page and its file: lower case and hyphens
 */
public record Chart(String id, String title, Axis x, Axis y, List<Line> lines) {

    /** What an axis shows; {@code logarithmic} suits numbers above 0 over decades. */
    public record Axis(String label, boolean logarithmic) {

        public static Axis linear(String label) {
            return new Axis(label, false);
        }

        public static Axis log(String label) {
            return new Axis(label, true);
        }
    }

    /**
     * A line, or with {@code marked} a line through marks.
     *
     * @param points in the order of x
     */
    public record Line(String name, boolean marked, List<Point> points) {

        public Line {
            points = List.copyOf(points);
        }
    }

    /** A point and the interval about it, of no height where nothing is known about that. */
    public record Point(double x, double y, double low, double high) {

        public static Point of(double x, double y) {
            return new Point(x, y, y, y);
        }

        /** A mean and a standard deviation, which may be NaN. */
        public static Point of(double x, double mean, double deviation) {
            double half = Double.isFinite(deviation) ? deviation : 0;
            return new Point(x, mean, mean - half, mean + half);
        }
    }

    /** Defends against later changes of the list, and leaves out what is not a number. */
    public Chart {
        lines = lines.stream()
                .map(line -> new Line(
                        line.name(),
                        line.marked(),
                        line.points().stream()
                                .filter(point -> Double.isFinite(point.x()) && Double.isFinite(point.y()))
                                .toList()))
                .filter(line -> !line.points().isEmpty())
                .toList();
    }
}
