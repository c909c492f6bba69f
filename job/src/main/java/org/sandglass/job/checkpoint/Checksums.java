package org.sandglass.job.checkpoint;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** Makes the digests that checkpoints are checked with. */
final class Checksums {

    private Checksums() {}

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        }
    }
}
