package org.sandglass.ops.collective;

import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Who a rank is, and the proof of it. Thread-safe. */
final class Membership {

    static final String ALGORITHM = "HmacSHA256";

    private static final int SECRET_BYTES = 32;

    private final int rank;
    private final int ranks;
    private final long attempt;
    private final boolean encrypted;

    /** Guarded by this; one for all proofs, as a stranger can ask for one. */
    private final Mac mac;

    /**
     * A member of a group.
     *
     * @param encrypted whether the group's connections are, which its members must agree on
     */
    Membership(int rank, int ranks, long attempt, boolean encrypted, byte[] secret) {
        if (rank < 0 || rank >= ranks) {
            throw new IllegalArgumentException("Cannot join: rank=" + rank + " is none of " + ranks + " ranks");
        }
        if (secret.length < SECRET_BYTES) {
            throw new IllegalArgumentException(
                    "Cannot join: the secret has " + secret.length + " bytes, not " + SECRET_BYTES);
        }
        this.rank = rank;
        this.ranks = ranks;
        this.attempt = attempt;
        this.encrypted = encrypted;
        try {
            this.mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret, ALGORITHM));
        } catch (GeneralSecurityException cause) {
            throw new IllegalStateException("Cannot authenticate: no " + ALGORITHM + " here", cause);
        }
    }

    int rank() {
        return rank;
    }

    int ranks() {
        return ranks;
    }

    long attempt() {
        return attempt;
    }

    boolean encrypted() {
        return encrypted;
    }

    /** HMAC-SHA-256 of the parts, one after the other, under the attempt's secret. */
    synchronized byte[] authenticate(byte[]... parts) {
        for (byte[] part : parts) {
            mac.update(part);
        }
        return mac.doFinal();
    }
}
