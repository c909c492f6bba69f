package org.sandglass.job.failure;

/** The exit codes that scripts rely on. */
public enum ExitCode {
    DONE(0),
    OTHER(1),
    /** Wrong usage or a wrong configuration. */
    USAGE(2),
    /** Missing, unreadable or wrong data. */
    DATA(3),
    /** The cluster, or its settings, cannot run this. */
    CLUSTER(4),
    /** The loss is no longer a number. */
    DIVERGED(5);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
