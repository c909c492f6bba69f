package org.sandglass.ops.collective;

/** A connection is not to be trusted. Without a stack trace: strangers must not cost much. */
final class Refusal extends Exception {

    private static final long serialVersionUID = 1L;

    Refusal(String reason) {
        super(reason, null, false, false);
    }
}
