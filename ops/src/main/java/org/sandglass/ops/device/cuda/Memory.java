package org.sandglass.ops.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.SizeTPointer;

/** A block of memory, on the device or pinned on the host, that only {@link #close} releases. */
final class Memory implements AutoCloseable {
    private final Checks checks;
    private final Pointer base;
    private final long bytes;
    private final boolean pinned;
    private boolean closed;

    private Memory(Checks checks, Pointer base, long bytes, boolean pinned) {
        this.checks = checks;
        this.base = base;
        this.bytes = bytes;
        this.pinned = pinned;
    }

    /** No memory, which is closed from the start. */
    static Memory none(Checks checks) {
        Memory none = new Memory(checks, new Pointer(), 0, true);
        none.closed = true;
        return none;
    }

    /** Allocates on the device; what is in it is undefined. */
    static Memory onDevice(Checks checks, long bytes) {
        Pointer base = new Pointer();
        int code = cudart.cudaMalloc(base, Math.max(1, bytes));
        if (code != 0) {
            checks.runtime("cudaMalloc of " + bytes + " bytes" + free(), code);
        }
        return new Memory(checks, base, bytes, false);
    }

    /** Allocates on the host what the device can copy from and to by itself. */
    static Memory pinned(Checks checks, long bytes) {
        Pointer base = new Pointer();
        checks.runtime("cudaHostAlloc of " + bytes + " bytes", cudart.cudaHostAlloc(base, Math.max(1, bytes), 0));
        return new Memory(checks, base, bytes, true);
    }

    private static String free() {
        try (SizeTPointer available = new SizeTPointer(1);
                SizeTPointer total = new SizeTPointer(1)) {
            return cudart.cudaMemGetInfo(available, total) == 0
                    ? " (" + available.get() + " of " + total.get() + " are free)"
                    : "";
        }
    }

    long bytes() {
        return bytes;
    }

    /** The address {@code offset} bytes into the block. */
    Pointer at(long offset) {
        checkOpen();
        return base.getPointer(BytePointer.class, offset);
    }

    long address(long offset) {
        checkOpen();
        return base.address() + offset;
    }

    /** Pinned memory as Java sees it. */
    ByteBuffer view() {
        checkOpen();
        return base.getPointer(BytePointer.class, 0)
                .capacity(bytes)
                .asByteBuffer()
                .order(ByteOrder.nativeOrder());
    }

    /** @throws IllegalStateException if it was released */
    void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Cannot use memory of " + checks.device() + ": it was released");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (pinned) {
                checks.runtime("cudaFreeHost", cudart.cudaFreeHost(base));
            } else {
                checks.runtime("cudaFree", cudart.cudaFree(base));
            }
        }
    }
}
