package org.sandglass.job.cluster;

import org.jspecify.annotations.Nullable;

/**
 * What one check found.
 *
 * @param check name of the check
 * @param message what is so, and why it matters where it does
 * @param remedy which setting to change to what; none where all is well
 */
public record Finding(
        Level level, String check, String message, @Nullable String remedy) {

    /** From good to bad. */
    public enum Level {
        OK,
        WARN,
        ERROR
    }

    public static Finding ok(String check, String message) {
        return new Finding(Level.OK, check, message, null);
    }

    public static Finding warn(String check, String message, String remedy) {
        return new Finding(Level.WARN, check, message, remedy);
    }

    public static Finding error(String check, String message, String remedy) {
        return new Finding(Level.ERROR, check, message, remedy);
    }

    /** Check, message and remedy in a line. */
    public String line() {
        return check + ": " + message + (remedy == null ? "" : "; " + remedy);
    }
}
