package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.DeviceBuffer;

/** A vector in a GPU's memory. */
final class CudaBuffer implements DeviceBuffer {
    private final Gpu gpu;
    private final Memory memory;
    private final long elements;
    private final Consumer<CudaBuffer> onClose;
    private long version;
    private boolean closed;

    CudaBuffer(Gpu gpu, long elements, Consumer<CudaBuffer> onClose) {
        if (elements < 0 || elements > Integer.MAX_VALUE / Float.BYTES) {
            throw new IllegalArgumentException("Cannot allocate: elements=" + elements + ": a vector holds at most "
                    + Integer.MAX_VALUE / Float.BYTES);
        }
        this.gpu = gpu;
        this.elements = elements;
        this.onClose = onClose;
        memory = Memory.onDevice(gpu.checks(), elements * Float.BYTES);
        clear();
    }

    /** The address of an element. */
    Pointer at(long offset) {
        return memory.at(offset * Float.BYTES);
    }

    long address(long offset) {
        return memory.address(offset * Float.BYTES);
    }

    Gpu gpu() {
        return gpu;
    }

    /** Differs from what it was if the contents may have changed in between. */
    long version() {
        return version;
    }

    /** Notes that the contents have changed. */
    void change() {
        version++;
    }

    void checkOpen() {
        memory.checkOpen();
    }

    /** @throws IndexOutOfBoundsException if a range is not wholly inside */
    void checkRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset + length > elements) {
            throw new IndexOutOfBoundsException(
                    "Cannot copy: offset=" + offset + " length=" + length + " of " + elements + " elements");
        }
    }

    @Override
    public long elements() {
        return elements;
    }

    @Override
    public void upload(long offset, FloatBuffer source) {
        gpu.enter();
        checkRange(offset, source.remaining());
        gpu.copies().upload(memory, offset * Float.BYTES, source);
        change();
    }

    @Override
    public void download(long offset, FloatBuffer target) {
        gpu.enter();
        checkRange(offset, target.remaining());
        gpu.copies().download(memory, offset * Float.BYTES, target);
    }

    @Override
    public void clear() {
        gpu.enter();
        gpu.checks()
                .runtime(
                        "cudaMemsetAsync",
                        cudart.cudaMemsetAsync(
                                at(0), 0, elements * Float.BYTES, gpu.streams().compute()));
        change();
    }

    @Override
    public Optional<FloatBuffer> hostView() {
        return Optional.empty();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            onClose.accept(this);
            gpu.enter();
            try {
                gpu.streams().drain(Wait.RELEASE);
            } finally {
                memory.close();
            }
        }
    }
}
