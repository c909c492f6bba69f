package org.sandglass.job.report;

import org.jspecify.annotations.Nullable;

/** The terminal that the driver's process is attached to, as far as it can be known. */
final class Terminal {

    private static final int USUAL_COLUMNS = 100;

    private Terminal() {}

    static boolean isInteractive() {
        return System.console() != null && !"dumb".equals(System.getenv("TERM"));
    }

    /** Width, from the launcher (a shell's own {@code COLUMNS} is not exported). */
    static int columns() {
        return columns(System.getenv("COLUMNS"));
    }

    static int columns(@Nullable String value) {
        boolean number = value != null && value.matches("[1-9][0-9]{1,3}");
        return number ? Integer.parseInt(value) : USUAL_COLUMNS;
    }
}
