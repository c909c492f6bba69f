package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Mutual challenge and response by which two ranks of an attempt recognise each other; does no I/O itself.
 *
 * <pre>
 *  dialer → listener   hello      magic 8 | attempt 8 | ranks 4 | from 4 | to 4 | flags 4 | nonce 32
 *  listener → dialer   challenge  nonce 32 | HMAC("listener", hello, nonce) 32
 *  dialer → listener   proof      HMAC("dialer", hello, nonce) 32
 *  listener → dialer   welcome    magic 8
 * </pre>
 *
 * <p>The flags say whether what follows is encrypted. Both proofs cover the hello, so nobody on the path can talk two ranks
 * out of it. All messages have fixed lengths, so that nobody unknown decides how much is read. Who uses it writes {@link
 * #outgoing()} whole, then fills {@link #incoming()}, then calls {@link #advance()}, until it is {@link #complete()}.
 */
final class Handshake {

    static final int HELLO_BYTES = 64;
    static final int NONCE_BYTES = 32;
    static final int MAC_BYTES = 32;

    /** Names the protocol, its version, and the byte order of the floats that follow. */
    static final long MAGIC = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN
            ? 0x53_47_43_4f_4c_4c_02_4cL // SGCOLL, version 2, L
            : 0x53_47_43_4f_4c_4c_02_42L;

    /** The flag of a hello whose connection is to be encrypted. */
    static final int ENCRYPTED = 1;

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final byte[] DIALER = "sandglass collective dialer".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] LISTENER = "sandglass collective listener".getBytes(StandardCharsets.US_ASCII);

    private enum State {
        AWAITS_HELLO,
        AWAITS_CHALLENGE,
        AWAITS_PROOF,
        AWAITS_WELCOME,
        RECOGNISED
    }

    private final Membership me;
    private final boolean dialer;
    private State state;
    private int peer;
    private byte[] hello = {};
    private byte[] nonce = {};
    private ByteBuffer outgoing = ByteBuffer.allocate(0);
    private ByteBuffer incoming = ByteBuffer.allocate(0);

    private Handshake(Membership me, State state, int peer) {
        this.me = me;
        this.dialer = state == State.AWAITS_CHALLENGE;
        this.state = state;
        this.peer = peer;
    }

    static Handshake dialer(Membership me, int peer) {
        Handshake handshake = new Handshake(me, State.AWAITS_CHALLENGE, peer);
        handshake.hello = ByteBuffer.allocate(HELLO_BYTES)
                .putLong(MAGIC)
                .putLong(me.attempt())
                .putInt(me.ranks())
                .putInt(me.rank())
                .putInt(peer)
                .putInt(flags(me))
                .put(random())
                .array();
        handshake.outgoing = ByteBuffer.wrap(handshake.hello);
        handshake.incoming = ByteBuffer.allocate(NONCE_BYTES + MAC_BYTES);
        return handshake;
    }

    static Handshake listener(Membership me) {
        Handshake handshake = new Handshake(me, State.AWAITS_HELLO, -1);
        handshake.incoming = ByteBuffer.allocate(HELLO_BYTES);
        return handshake;
    }

    ByteBuffer outgoing() {
        return outgoing;
    }

    ByteBuffer incoming() {
        return incoming;
    }

    /** Whether the peer has proved who it is; what is left to write is the welcome. */
    boolean recognised() {
        return state == State.RECOGNISED;
    }

    boolean complete() {
        return recognised() && !outgoing.hasRemaining();
    }

    /** The other end's rank; of a listener only once it has recognised the dialer. */
    int peer() {
        return peer;
    }

    /** The keys of this connection, once both ends have recognised each other. */
    Session session() {
        if (!recognised()) {
            throw new IllegalStateException("Cannot derive keys: the handshake is not complete");
        }
        return Session.of(me, hello, nonce, dialer);
    }

    /** Judges the message with which {@link #incoming()} has been filled. */
    void advance() throws Refusal {
        if (incoming.hasRemaining()) {
            throw new IllegalStateException("Cannot judge a message before it is there: " + incoming);
        }
        byte[] message = incoming.array();
        switch (state) {
            case AWAITS_HELLO -> challenge(message);
            case AWAITS_CHALLENGE -> prove(message);
            case AWAITS_PROOF -> welcome(message);
            case AWAITS_WELCOME -> rejoice(message);
            case RECOGNISED -> throw new IllegalStateException("Cannot go on: the handshake is complete");
        }
    }

    private void challenge(byte[] message) throws Refusal {
        ByteBuffer fields = ByteBuffer.wrap(message);
        check(fields.getLong() == MAGIC, "does not speak this protocol");
        check(fields.getLong() == me.attempt(), "belongs to another attempt");
        check(fields.getInt() == me.ranks(), "belongs to a group of another size");
        peer = fields.getInt();
        check(peer > me.rank() && peer < me.ranks(), "claims a rank that does not dial this one");
        check(fields.getInt() == me.rank(), "looks for another rank");
        check(fields.getInt() == flags(me), "encrypts where this rank does not, or the reverse");
        hello = message;
        nonce = random();
        byte[] answer = Arrays.copyOf(nonce, NONCE_BYTES + MAC_BYTES);
        System.arraycopy(me.authenticate(LISTENER, hello, nonce), 0, answer, NONCE_BYTES, MAC_BYTES);
        next(State.AWAITS_PROOF, answer, MAC_BYTES);
    }

    private void prove(byte[] message) throws Refusal {
        nonce = Arrays.copyOf(message, NONCE_BYTES);
        byte[] proof = Arrays.copyOfRange(message, NONCE_BYTES, NONCE_BYTES + MAC_BYTES);
        check(MessageDigest.isEqual(proof, me.authenticate(LISTENER, hello, nonce)), "does not know the secret");
        next(State.AWAITS_WELCOME, me.authenticate(DIALER, hello, nonce), Long.BYTES);
    }

    private void welcome(byte[] message) throws Refusal {
        check(MessageDigest.isEqual(message, me.authenticate(DIALER, hello, nonce)), "does not know the secret");
        next(State.RECOGNISED, ByteBuffer.allocate(Long.BYTES).putLong(MAGIC).array(), 0);
    }

    private void rejoice(byte[] message) throws Refusal {
        check(ByteBuffer.wrap(message).getLong() == MAGIC, "does not welcome");
        next(State.RECOGNISED, new byte[0], 0);
    }

    private void next(State next, byte[] answer, int expected) {
        state = next;
        outgoing = ByteBuffer.wrap(answer);
        incoming = ByteBuffer.allocate(expected);
    }

    private static int flags(Membership member) {
        return member.encrypted() ? ENCRYPTED : 0;
    }

    private static byte[] random() {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return nonce;
    }

    private static void check(boolean condition, String reason) throws Refusal {
        if (!condition) {
            throw new Refusal(reason);
        }
    }
}
