package org.sandglass.job.data.prepare;

import java.io.Serializable;

/**
 * An image that was found and is not in the table.
 *
 * @param path within the source
 * @param reason why it cannot be read
 */
public record UnreadableImage(String path, String reason) implements Serializable {

    @Override
    public String toString() {
        return path + ": " + reason;
    }
}
