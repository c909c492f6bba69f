package org.sandglass.ops.device.cpu;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Native memory, aligned to 64 bytes and zeroed, outside JavaCPP's own accounting and released only by {@link #close}:
 * pointers and views into it are void from then on.
 */
final class NativeBlock implements AutoCloseable {
    private static final long ALIGNMENT = 64;

    private final Pointer allocation;
    private final long bytes;
    private final BytePointer base;
    private boolean closed;

    private NativeBlock(Pointer allocation, long bytes) {
        this.allocation = allocation;
        this.bytes = bytes;
        long skip = (ALIGNMENT - allocation.address() % ALIGNMENT) % ALIGNMENT;
        this.base = allocation.getPointer(BytePointer.class, skip);
    }

    /** @throws OutOfMemoryError saying how much was asked for */
    static NativeBlock allocate(long bytes) {
        Pointer allocation = Pointer.calloc(1, Math.addExact(bytes, ALIGNMENT));
        if (allocation == null || allocation.isNull()) {
            throw new OutOfMemoryError("Cannot allocate " + bytes + " bytes of native memory");
        }
        return new NativeBlock(allocation, bytes);
    }

    long bytes() {
        return bytes;
    }

    /** The address {@code offset} bytes into the block. */
    Pointer at(long offset) {
        checkOpen();
        return base.getPointer(BytePointer.class, offset);
    }

    /** A view of {@code elements} floats from {@code offset} bytes on. */
    FloatBuffer floats(long offset, long elements) {
        checkOpen();
        return base.getPointer(BytePointer.class, offset)
                .capacity(Math.multiplyExact(elements, Float.BYTES))
                .asByteBuffer()
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Pointer.free(allocation);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Cannot use native memory: it was released");
        }
    }
}
