package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * What a rank says to every other before the first operation: that it is connected with all, or which two ranks cannot
 * connect. Signed, so that nobody on the path can say it.
 *
 * <pre>  rank 4 | other 4 | HMAC under a key of this connection and direction 32 </pre>
 *
 * @param rank the one that found it; -1 if all is well
 * @param other the one that it cannot connect with; -1 if all is well
 */
record Verdict(int rank, int other) {

    static final Verdict CONNECTED = new Verdict(-1, -1);
    static final int BYTES = 2 * Integer.BYTES + Handshake.MAC_BYTES;

    private static final String PURPOSE = "verdict";

    byte[] encode(Session session) {
        byte[] fields = fields();
        return ByteBuffer.allocate(BYTES)
                .put(fields)
                .put(session.sign(PURPOSE, fields))
                .array();
    }

    static Verdict decode(byte[] message, Session session, int ranks) throws Refusal {
        ByteBuffer fields = ByteBuffer.wrap(message);
        Verdict verdict = new Verdict(fields.getInt(), fields.getInt());
        byte[] proof = Arrays.copyOfRange(message, 2 * Integer.BYTES, BYTES);
        if (!MessageDigest.isEqual(proof, session.expected(PURPOSE, verdict.fields()))) {
            throw new Refusal("says something that it has not signed");
        }
        boolean pair = Math.min(verdict.rank, verdict.other) >= 0 && Math.max(verdict.rank, verdict.other) < ranks;
        if (!pair && !verdict.equals(CONNECTED)) {
            throw new Refusal("names ranks that are none");
        }
        return verdict;
    }

    private byte[] fields() {
        return ByteBuffer.allocate(2 * Integer.BYTES).putInt(rank).putInt(other).array();
    }
}
