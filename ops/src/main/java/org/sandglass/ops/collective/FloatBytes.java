package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;

/** Views float buffers as the bytes that sockets want, which Java itself does not offer. */
final class FloatBytes {

    private FloatBytes() {}

    /**
     * The remaining elements' bytes, in native order.
     *
     * @param buffer direct, not empty; must stay reachable for as long as the view is used
     */
    static ByteBuffer of(FloatBuffer buffer) {
        ByteBuffer bytes = new FloatPointer(buffer.slice()).asByteBuffer();
        if (bytes.remaining() != buffer.remaining() * Float.BYTES) {
            throw new IllegalStateException("Cannot view " + buffer + " as bytes: got " + bytes);
        }
        return bytes;
    }

    /** The same memory as floats; like the bytes, no view that would keep it. */
    static FloatBuffer floats(ByteBuffer bytes) {
        return bytes.duplicate().order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    /** Floats that can be summed over ranks. */
    static FloatBuffer allocate(int elements) {
        return ByteBuffer.allocateDirect(elements * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }
}
