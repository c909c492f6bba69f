package org.sandglass.ops.collective;

import java.nio.ByteBuffer;

/**
 * What goes over a connection after the handshake: 24 bytes in network order, followed by the payload.
 *
 * <pre>  kind 1 | 0 3 | length 4 | sequence 8 | argument 8 </pre>
 *
 * @param length bytes of payload; 0 unless kind is {@code DATA}
 * @param sequence the operation's number in the group, from 0
 * @param argument {@code DATA}: offset in the buffer. {@code STARTED}: what the operation is, {@link
 *     Execution#fingerprint}. {@code FAULT}: the culprit's rank and the cause's code. {@code LEAVE}: 0
 */
record Frame(Kind kind, int length, long sequence, long argument) {

    static final int BYTES = 24;

    enum Kind {
        /** A frame of an operation's buffer. */
        DATA(1),
        /** The sender has started the operation, so that its frames are welcome. */
        STARTED(2),
        /** The sender gives up, having completed all operations before {@code sequence}. */
        FAULT(3),
        /** The sender has completed all operations before {@code sequence} and closes. */
        LEAVE(4);

        /** On the wire; in the order of the constants, from 1. */
        private final int code;

        Kind(int code) {
            this.code = code;
        }
    }

    /** Writes a frame that never becomes an object: there is one for every frame of payload. */
    static void encodeData(ByteBuffer target, long sequence, Slot slot) {
        encode(target, Kind.DATA, slot.length(), sequence, slot.from());
    }

    /** As {@link #encodeData}: there is one for every operation and peer. */
    static void encodeStarted(ByteBuffer target, long sequence, long fingerprint) {
        encode(target, Kind.STARTED, 0, sequence, fingerprint);
    }

    /**
     * The sender's last word.
     *
     * @param completed as many operations as the sender has completed, all of whose frames it has sent
     */
    static Frame fault(Fault fault, long completed) {
        return new Frame(Kind.FAULT, 0, completed, (long) fault.code() << 32 | fault.rank());
    }

    static Frame leave(long sequence) {
        return new Frame(Kind.LEAVE, 0, sequence, 0);
    }

    void encode(ByteBuffer target) {
        encode(target, kind, length, sequence, argument);
    }

    private static void encode(ByteBuffer target, Kind kind, int length, long sequence, long argument) {
        target.putInt(kind.code << 24).putInt(length).putLong(sequence).putLong(argument);
    }
}
