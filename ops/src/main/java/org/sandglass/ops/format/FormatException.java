package org.sandglass.ops.format;

import java.io.IOException;

/** A file is not what its format says it must be; the message says where and why. */
public final class FormatException extends IOException {

    private static final long serialVersionUID = 1L;

    FormatException(String message) {
        super(message);
    }
}
