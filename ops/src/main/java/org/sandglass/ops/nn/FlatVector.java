package org.sandglass.ops.nn;

import java.nio.FloatBuffer;

/** Views of flat vectors in host memory. */
final class FlatVector {

    private FlatVector() {}

    /** A view whose index 0 is {@code buffer}'s position. */
    static FloatBuffer of(String what, FloatBuffer buffer, long length) {
        if (buffer.remaining() != length) {
            throw new IllegalArgumentException(
                    "Cannot use " + what + ": the buffer has " + buffer.remaining() + " elements, not " + length);
        }
        return buffer.slice();
    }
}
