package org.sandglass.job.checkpoint;

import java.io.IOException;

/** A checkpoint is not what its manifest says, or has none; the message names the file and what is wrong with it. */
final class DamagedCheckpointException extends IOException {

    private static final long serialVersionUID = 1L;

    DamagedCheckpointException(String message) {
        super(message);
    }
}
