package org.sandglass.job.failure;

import org.jspecify.annotations.Nullable;

/** An error to be shown as one line: what, where, why, and the way out where there is one. */
public final class JobFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;

    public JobFailure(ExitCode exitCode, String message) {
        this(exitCode, message, null);
    }

    public JobFailure(ExitCode exitCode, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    public static JobFailure usage(String message) {
        return new JobFailure(ExitCode.USAGE, message);
    }

    public static JobFailure data(String message) {
        return new JobFailure(ExitCode.DATA, message);
    }

    public static JobFailure data(String message, Throwable cause) {
        return new JobFailure(ExitCode.DATA, message, cause);
    }

    public static JobFailure cluster(String message) {
        return new JobFailure(ExitCode.CLUSTER, message);
    }

    public ExitCode exitCode() {
        return exitCode;
    }
}
