package org.sandglass.job.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Supplier;

/**
 * Reads single settings of a resolved recipe. What is wrong goes to {@link RecipeErrors}, and a neutral value is
 * returned, so that reading goes on to the next error; nobody sees those values, because the errors are thrown at the end.
 */
final class SettingReader {

    private final Config config;
    private final RecipeErrors errors;

    SettingReader(Config config, RecipeErrors errors) {
        this.config = config;
        this.errors = errors;
    }

    boolean flag(String path) {
        return read(path, "true or false", false, () -> config.getBoolean(path));
    }

    String text(String path) {
        return read(path, "a text", "", () -> config.getString(path));
    }

    int count(String path, int minimum, int maximum) {
        return (int) integer(path, minimum, maximum);
    }

    long integer(String path, long minimum, long maximum) {
        return read(path, "a whole number from " + minimum + " to " + maximum, minimum, () -> {
            double value = config.getDouble(path);
            long whole = config.getLong(path);
            require(value == Math.rint(value) && whole >= minimum && whole <= maximum);
            return whole;
        });
    }

    OptionalInt countOrAuto(String path, int minimum, int maximum) {
        String expected = "auto or a whole number from " + minimum + " to " + maximum;
        return read(path, expected, OptionalInt.empty(), () -> {
            if ("auto".equals(config.getString(path))) {
                return OptionalInt.empty();
            }
            int value = config.getInt(path);
            require(value >= minimum && value <= maximum);
            return OptionalInt.of(value);
        });
    }

    double number(String path, double minimum, double maximum) {
        return read(
                path, "a number from " + SettingText.of(minimum) + " to " + SettingText.of(maximum), minimum, () -> {
                    double value = config.getDouble(path);
                    require(value >= minimum && value <= maximum);
                    return value;
                });
    }

    double positive(String path) {
        return read(path, "a number above 0", 1.0, () -> {
            double value = config.getDouble(path);
            require(value > 0 && Double.isFinite(value));
            return value;
        });
    }

    /** Numbers within limits; {@code size} of them, or any number of ascending ones if {@code size} is negative. */
    List<Double> numbers(String path, int size, double minimum, double maximum) {
        String expected = (size < 0 ? "ascending numbers" : size + " numbers") + " from " + SettingText.of(minimum)
                + " to " + SettingText.of(maximum) + " in brackets";
        return read(path, expected, Collections.nCopies(Math.max(size, 0), maximum), () -> {
            List<Double> values = List.copyOf(config.getDoubleList(path));
            require(size < 0 || values.size() == size);
            for (int i = 0; i < values.size(); i++) {
                require(values.get(i) >= minimum && values.get(i) <= maximum);
                require(size >= 0 || i == 0 || values.get(i - 1) < values.get(i));
            }
            return values;
        });
    }

    /** Two ascending numbers. */
    List<Double> range(String path, double minimum, double maximum) {
        String expected = "two ascending numbers from " + SettingText.of(minimum) + " to " + SettingText.of(maximum)
                + ", as [1, 2]";
        return read(path, expected, List.of(minimum, maximum), () -> {
            List<Double> values = List.copyOf(config.getDoubleList(path));
            require(values.size() == 2 && values.get(0) <= values.get(1));
            require(values.get(0) >= minimum && values.get(1) <= maximum);
            return values;
        });
    }

    long bytes(String path, long minimum, long maximum) {
        return read(path, "a size from " + minimum + "B to " + maximum + "B, as 25MiB", minimum, () -> {
            long value = config.getMemorySize(path).toBytes();
            require(value >= minimum && value <= maximum);
            return value;
        });
    }

    Duration duration(String path, Duration minimum, Duration maximum) {
        String expected = "a duration from " + SettingText.of(minimum) + " to " + SettingText.of(maximum) + ", as 60s";
        return read(path, expected, minimum, () -> {
            Duration value = config.getDuration(path);
            require(value.compareTo(minimum) >= 0 && value.compareTo(maximum) <= 0);
            return value;
        });
    }

    /** One of an enum's constants, written in lower case with hyphens. */
    <E extends Enum<E>> E choice(String path, Class<E> type) {
        E[] constants = type.getEnumConstants();
        List<String> names = Arrays.stream(constants).map(SettingText::of).toList();
        return read(path, "one of " + String.join(", ", names), constants[0], () -> {
            int index = names.indexOf(config.getString(path).toLowerCase(Locale.ROOT));
            require(index >= 0);
            return constants[index];
        });
    }

    /** A choice of which only {@code available} can be had from this version. */
    <E extends Enum<E>> E available(String path, Class<E> type, List<E> allowed) {
        E value = choice(path, type);
        if (!allowed.contains(value)) {
            List<String> names = allowed.stream().map(SettingText::of).toList();
            errors.add(
                    config.getValue(path),
                    path + " = " + SettingText.of(value) + " is not available in this version; take "
                            + String.join(" or ", names));
            return allowed.get(0);
        }
        return value;
    }

    /** Adds an error about a setting that was read. */
    void reject(String path, String error) {
        errors.add(valueOrNull(path), error);
    }

    private <T> T read(String path, String expected, T neutral, Supplier<T> reading) {
        try {
            return reading.get();
        } catch (ConfigException | OutOfRange e) {
            ConfigValue value = valueOrNull(path);
            String found = value.valueType() == ConfigValueType.OBJECT
                    ? "a group of keys"
                    : value.render(ConfigRenderOptions.concise());
            errors.add(value, path + " must be " + expected + ", and is " + found);
        }
        return neutral;
    }

    /** What stands at the path, a null too, for which {@link Config} has no getter. */
    private ConfigValue valueOrNull(String path) {
        ConfigValue value = config.root();
        for (String key : ConfigUtil.splitPath(path)) {
            if (value instanceof ConfigObject object && object.containsKey(key)) {
                value = object.get(key);
            }
        }
        return value;
    }

    private static void require(boolean condition) {
        if (!condition) {
            throw new OutOfRange();
        }
    }

    private static final class OutOfRange extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }
}
