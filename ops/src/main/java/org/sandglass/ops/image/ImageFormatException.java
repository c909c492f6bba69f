package org.sandglass.ops.image;

import java.io.IOException;

/** An encoded image that cannot be used; the message is the reason alone, so that callers say which image it is. */
public final class ImageFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    public ImageFormatException(String reason) {
        super(reason);
    }

    public ImageFormatException(String reason, Throwable cause) {
        super(reason, cause);
    }
}
