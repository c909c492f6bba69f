package org.sandglass.ops.collective;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What ends a group: some rank was lost, was late, closed, or broke the protocol. The message continues a sentence that
 * begins with the rank.
 */
final class Fault extends Exception {

    private static final long serialVersionUID = 1L;

    enum Cause {
        LOST(1, "was lost"),
        LATE(2, "was too late"),
        CLOSED(3, "has closed its communicator"),
        PROTOCOL(4, "broke the protocol"),
        FAILED(5, "has failed");

        private final int code;
        private final String phrase;

        Cause(int code, String phrase) {
            this.code = code;
            this.phrase = phrase;
        }

        /** What a code stands for; what no code of ours stands for is a failure. */
        static Cause of(int code) {
            for (Cause cause : values()) {
                if (cause.code == code) {
                    return cause;
                }
            }
            return FAILED;
        }
    }

    private final Cause reason;
    private final int rank;

    private Fault(Cause reason, int rank, String detail, @Nullable Throwable cause) {
        super(detail, cause);
        this.reason = reason;
        this.rank = rank;
    }

    static Fault lost(int rank, IOException cause) {
        return new Fault(Cause.LOST, rank, "was lost: " + cause.getMessage(), cause);
    }

    static Fault closed(int rank) {
        return new Fault(Cause.CLOSED, rank, Cause.CLOSED.phrase, null);
    }

    static Fault late(int rank, String detail) {
        return new Fault(Cause.LATE, rank, detail, null);
    }

    static Fault protocol(int rank, String detail) {
        return new Fault(Cause.PROTOCOL, rank, "broke the protocol: " + detail, null);
    }

    static Fault failed(int rank, Throwable cause) {
        return new Fault(Cause.FAILED, rank, "has failed: " + cause, cause);
    }

    /** A fault that another rank has found. */
    static Fault reported(int reporter, int rank, int code) {
        Cause reason = Cause.of(code);
        String source = reporter == rank ? "" : ", as rank " + reporter + " reports";
        return new Fault(reason, rank, reason.phrase + source, null);
    }

    /** The same fault, of what another group calls the rank. */
    Fault of(int other) {
        return new Fault(reason, other, detail(), this);
    }

    /** The rank that is to blame. */
    int rank() {
        return rank;
    }

    boolean isClose() {
        return reason == Cause.CLOSED;
    }

    int code() {
        return reason.code;
    }

    String detail() {
        return String.valueOf(getMessage());
    }
}
