package org.sandglass.job.config;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/** Settings as HOCON, in one way for each value, so that equal recipes render equally. */
final class SettingText {

    private static final long KIB = 1024;
    private static final long MIB = KIB * KIB;

    private SettingText() {}

    static String of(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    static String of(List<Double> values) {
        return values.stream().map(SettingText::of).collect(Collectors.joining(", ", "[", "]"));
    }

    static String of(Enum<?> choice) {
        return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    static String of(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }

    static String orAuto(OptionalInt count) {
        return count.isPresent() ? Integer.toString(count.getAsInt()) : "auto";
    }

    static String bytes(long bytes) {
        if (bytes % MIB == 0) {
            return bytes / MIB + "MiB";
        }
        return bytes % KIB == 0 ? bytes / KIB + "KiB" : bytes + "B";
    }
}
