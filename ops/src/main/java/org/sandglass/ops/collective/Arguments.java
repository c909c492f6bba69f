package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** What callers may hand to a communicator. */
final class Arguments {

    private static final int MAXIMUM_ELEMENTS = Integer.MAX_VALUE / Float.BYTES;

    private Arguments() {}

    static void checkSummable(String operation, FloatBuffer buffer) {
        if (!buffer.isDirect() || buffer.order() != ByteOrder.nativeOrder() || buffer.isReadOnly()) {
            throw new IllegalArgumentException(
                    "Cannot " + operation + ": the buffer must be direct, writable and in native order: " + buffer);
        }
        if (buffer.remaining() > MAXIMUM_ELEMENTS) {
            throw new IllegalArgumentException("Cannot " + operation + ": " + buffer.remaining()
                    + " elements are more than " + MAXIMUM_ELEMENTS + "; cut them into buckets");
        }
    }

    static void checkCopyable(ByteBuffer buffer, int root, int ranks) {
        if (root < 0 || root >= ranks) {
            throw new IllegalArgumentException("Cannot broadcast: root=" + root + " is none of " + ranks + " ranks");
        }
        if (!buffer.isDirect() || buffer.isReadOnly()) {
            throw new IllegalArgumentException("Cannot broadcast: the buffer must be direct and writable: " + buffer);
        }
    }
}
