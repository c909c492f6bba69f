package org.sandglass.job.config;

import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.sandglass.job.failure.JobFailure;

/** Collects everything that is wrong with a recipe, so that one run of a command shows all of it. */
final class RecipeErrors {

    private static final Pattern LINE = Pattern.compile(": (\\d+)(-\\d+)?$");

    private final List<String> errors = new ArrayList<>();

    /** Adds an error at the place that {@code value} was read from. */
    void add(ConfigValue value, String error) {
        errors.add(place(value.origin()) + ": " + error);
    }

    /** Throws a usage error that lists every error, if there is one. */
    void throwIfAny() {
        if (errors.size() == 1) {
            throw failure(errors.get(0));
        }
        if (!errors.isEmpty()) {
            throw failure(errors.size() + " errors:\n  " + String.join("\n  ", errors));
        }
    }

    static JobFailure failure(String where) {
        return JobFailure.usage("Cannot read recipe: " + where);
    }

    /** {@code file:line}, or the override. */
    private static String place(ConfigOrigin origin) {
        String description = origin.description();
        boolean override = description.startsWith(Overrides.ORIGIN);
        return LINE.matcher(description).replaceFirst(override ? "" : ":$1");
    }
}
