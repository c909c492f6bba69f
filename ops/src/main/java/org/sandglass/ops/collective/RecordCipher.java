package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts, or decrypts, the records of one direction of a connection with AES-256-GCM (NIST SP 800-38D).
 *
 * <p>The nonce is the record's number, which never travels: a record that is repeated, left out or out of place does not
 * authenticate, nor does one whose length has been changed. The key is of this direction and connection only, so no
 * nonce comes twice. Belongs to one thread.
 */
final class RecordCipher {

    static final int TAG_BYTES = 16;

    private static final String TRANSFORMATION = "AES/GCM/NoPadding";
    private static final int NONCE_BYTES = 12;

    private final Cipher cipher;
    private final int mode;
    private final SecretKeySpec key;
    private final byte[] nonce = new byte[NONCE_BYTES];
    private final ByteBuffer nonceFields = ByteBuffer.wrap(nonce);
    private long number;

    private RecordCipher(byte[] key, int mode) {
        this.key = new SecretKeySpec(key, "AES");
        this.mode = mode;
        try {
            this.cipher = Cipher.getInstance(TRANSFORMATION);
        } catch (GeneralSecurityException cause) {
            throw new IllegalStateException("Cannot encrypt: no " + TRANSFORMATION + " here", cause);
        }
    }

    static RecordCipher sealer(byte[] key) {
        return new RecordCipher(key, Cipher.ENCRYPT_MODE);
    }

    static RecordCipher opener(byte[] key) {
        return new RecordCipher(key, Cipher.DECRYPT_MODE);
    }

    /**
     * Transforms the next record; returns the number of bytes in {@code target}, or -1 if it was to be opened and is not the
     * next one that the other end has sealed.
     *
     * @param header what is authenticated with it
     * @param source plain text to seal, or cipher text and tag to open
     */
    int next(byte[] header, byte[] source, int length, byte[] target) {
        nonceFields.putLong(NONCE_BYTES - Long.BYTES, number++);
        try {
            cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce));
            cipher.updateAAD(header);
            return cipher.doFinal(source, 0, length, target);
        } catch (AEADBadTagException altered) {
            return -1;
        } catch (GeneralSecurityException cause) {
            throw new IllegalStateException("Cannot encrypt a record of " + length + " bytes", cause);
        }
    }
}
