package org.sandglass.ops.collective;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What two ranks share once they have recognised each other: keys that hold for this one connection, one for each
 * purpose and direction.
 *
 * <p>Derived as in HKDF (RFC 5869) with HMAC-SHA-256: the extracted key comes from the attempt's secret, the hello and
 * both nonces; a derived key is the first block of its expansion under a label. Immutable.
 */
final class Session {

    private static final byte FIRST_BLOCK = 1;
    private static final byte[] EXTRACT = label("session");

    private final SecretKeySpec extracted;
    private final boolean dialer;

    private Session(byte[] extracted, boolean dialer) {
        this.extracted = new SecretKeySpec(extracted, Membership.ALGORITHM);
        this.dialer = dialer;
    }

    /**
     * The session at one of the two ends.
     *
     * @param hello the dialer's first message, which holds its nonce
     * @param nonce the listener's
     */
    static Session of(Membership me, byte[] hello, byte[] nonce, boolean dialer) {
        return new Session(me.authenticate(EXTRACT, hello, nonce), dialer);
    }

    /** Proof that this end says it, and says it here. */
    byte[] sign(String purpose, byte[] message) {
        return authenticate(derive(purpose, dialer), message);
    }

    /** What {@link #sign} gives at the other end. */
    byte[] expected(String purpose, byte[] message) {
        return authenticate(derive(purpose, !dialer), message);
    }

    RecordCipher sealer() {
        return RecordCipher.sealer(derive("encryption", dialer));
    }

    RecordCipher opener() {
        return RecordCipher.opener(derive("encryption", !dialer));
    }

    private byte[] derive(String purpose, boolean byDialer) {
        byte[] info = label(purpose + (byDialer ? " of the dialer" : " of the listener"));
        return mac(extracted, info, new byte[] {FIRST_BLOCK});
    }

    private static byte[] authenticate(byte[] key, byte[] message) {
        return mac(new SecretKeySpec(key, Membership.ALGORITHM), message);
    }

    private static byte[] mac(SecretKeySpec key, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance(Membership.ALGORITHM);
            mac.init(key);
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException cause) {
            throw new IllegalStateException("Cannot derive keys: no " + Membership.ALGORITHM + " here", cause);
        }
    }

    private static byte[] label(String purpose) {
        return ("sandglass collective " + purpose).getBytes(StandardCharsets.US_ASCII);
    }
}
