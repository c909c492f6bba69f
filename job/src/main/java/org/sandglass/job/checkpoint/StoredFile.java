package org.sandglass.job.checkpoint;

import java.io.Serializable;
import java.util.regex.Pattern;

/**
 * A file of a checkpoint, as it was written.
 *
 * @param name within the checkpoint's directory
 * @param length in bytes
 * @param sha256 of the whole file, in lower-case hexadecimal
 */
public record StoredFile(String name, long length, String sha256) implements Serializable {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    /** @throws IllegalArgumentException if {@code name} would leave the directory, or a value makes no sense */
    public StoredFile {
        if (!NAME.matcher(name).matches()
                || length < 0
                || !SHA256.matcher(sha256).matches()) {
            throw new IllegalArgumentException(
                    "Cannot describe a stored file: name=" + name + " length=" + length + " sha256=" + sha256);
        }
    }
}
