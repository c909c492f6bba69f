package org.sandglass.ops.device.cpu;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Native memory, aligned to 64 bytes and zeroed, in huge pages where it is large and the system has them, outside JavaCPP's
 * own accounting and released only by {@link #close}: pointers and views into it are void from then on.
 */
final class NativeBlock implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    private static final long LARGE = 2 * HugePages.BYTES;

    private final Pointer allocation;
    private final long bytes;
    private final BytePointer base;
    private boolean closed;

    private NativeBlock(Pointer allocation, long bytes, long alignment) {
        this.allocation = allocation;
        this.bytes = bytes;
        long skip = (alignment - allocation.address() % alignment) % alignment;
        this.base = allocation.getPointer(BytePointer.class, skip);
    }

    /** @throws OutOfMemoryError saying how much was asked for */
    static NativeBlock allocate(long bytes) {
        long alignment = bytes >= LARGE ? HugePages.BYTES : ALIGNMENT;
        Pointer allocation = Pointer.calloc(1, Math.addExact(bytes, alignment));
        if (allocation == null || allocation.isNull()) {
            throw new OutOfMemoryError("Cannot allocate " + bytes + " bytes of native memory");
        }
        NativeBlock block = new NativeBlock(allocation, bytes, alignment);
        if (bytes >= LARGE) {
            HugePages.advise(block.base, bytes);
        }
        return block;
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

    /** @throws IllegalStateException if it was released */
    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Cannot use native memory: it was released");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Pointer.free(allocation);
        }
    }
}
