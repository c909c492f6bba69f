package org.sandglass.ops.collective;

import java.nio.ByteBuffer;

/** A {@link Frame}'s header as it was read: one object for all that a connection brings. Not thread-safe. */
final class Header {

    private static final Frame.Kind[] KINDS = Frame.Kind.values();

    private Frame.Kind kind = Frame.Kind.LEAVE;
    private int length;
    private long sequence;
    private long argument;

    /** Reads a header; returns false if no sender of ours could have written it. */
    boolean decode(ByteBuffer source, int maximumLength) {
        int word = source.getInt();
        length = source.getInt();
        sequence = source.getLong();
        argument = source.getLong();
        int code = word >>> 24;
        if ((word & 0xFF_FFFF) != 0 || code == 0 || code > KINDS.length || sequence < 0) {
            return false;
        }
        kind = KINDS[code - 1];
        return kind == Frame.Kind.DATA ? length > 0 && length <= maximumLength : length == 0;
    }

    Frame.Kind kind() {
        return kind;
    }

    int length() {
        return length;
    }

    long sequence() {
        return sequence;
    }

    long argument() {
        return argument;
    }

    /** Of {@code FAULT}: the rank that is blamed. */
    int culprit() {
        return (int) argument;
    }

    /** Of {@code FAULT}: the cause's code. */
    int code() {
        return (int) (argument >> 32);
    }
}
