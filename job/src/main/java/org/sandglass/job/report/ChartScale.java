package org.sandglass.job.report;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The range of an axis, where in it a value lies, and the values to be written beside it. */
record ChartScale(boolean logarithmic, double low, double high) {

    private static final int TICKS = 6;

    /**
     * The range of values.
     *
     * @param room what is added at both ends, as a share of the range
     */
    static ChartScale of(boolean logarithmic, List<Double> values, double room) {
        List<Double> shown = values.stream()
                .filter(value -> Double.isFinite(value) && (!logarithmic || value > 0))
                .toList();
        double low = shown.stream()
                .mapToDouble(value -> place(logarithmic, value))
                .min()
                .orElse(0);
        double high = shown.stream()
                .mapToDouble(value -> place(logarithmic, value))
                .max()
                .orElse(1);
        double margin = high > low ? (high - low) * room : 0.5;
        double bottom = !logarithmic && low >= 0 ? Math.max(0, low - margin) : low - margin;
        return new ChartScale(logarithmic, bottom, high + margin);
    }

    /** Where a value lies, from 0 at the low end to 1 at the high one; values outside lie at the ends. */
    double share(double value) {
        if (logarithmic && value <= 0) {
            return 0;
        }
        return Math.min(1, Math.max(0, (place(logarithmic, value) - low) / (high - low)));
    }

    List<Double> ticks() {
        return logarithmic ? powersOfTwo() : roundNumbers();
    }

    private List<Double> powersOfTwo() {
        int first = (int) Math.ceil(low - 1e-9);
        int last = (int) Math.floor(high + 1e-9);
        int step = Math.max(1, (last - first) / (2 * TICKS) + 1);
        List<Double> ticks = new ArrayList<>();
        for (int power = first; power <= last; power += step) {
            ticks.add(Math.pow(2, power));
        }
        return ticks;
    }

    private List<Double> roundNumbers() {
        double rough = (high - low) / TICKS;
        double decade = Math.pow(10, Math.floor(Math.log10(rough)));
        double step = decade * (rough / decade > 5 ? 10 : rough / decade > 2 ? 5 : rough / decade > 1 ? 2 : 1);
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    /** As people write it: {@code 8k} for 8192 and 8000 alike, when it is a round one. */
    static String label(double value) {
        double absolute = Math.abs(value);
        if (absolute >= 1024 && absolute % 1024 == 0) {
            return String.format(Locale.ROOT, "%.0fk", value / 1024);
        }
        if (absolute >= 10000 && absolute % 1000 == 0) {
            return String.format(Locale.ROOT, "%.0fk", value / 1000);
        }
        return new BigDecimal(String.format(Locale.ROOT, "%.4g", value))
                .stripTrailingZeros()
                .toPlainString();
    }

    private static double place(boolean logarithmic, double value) {
        return logarithmic ? Math.log(value) / Math.log(2) : value;
    }
}
