package org.sandglass.job.report;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The terminal that the driver's process writes to, as far as it can be known: on Linux, from the open files. */
final class Terminal {

    private static final int USUAL_COLUMNS = 100;

    private Terminal() {}

    @SuppressWarnings("ReferenceEquality") // Only the process's own two streams can be terminals.
    static boolean is(PrintStream stream) {
        if ("dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        return (stream == System.out && isTerminal(1)) || (stream == System.err && isTerminal(2));
    }

    private static boolean isTerminal(int descriptor) {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
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
