package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.DeviceBuffer;

/** A vector in native memory of the host. */
final class CpuBuffer implements DeviceBuffer {
    private final NativeBlock block;
    private final FloatBuffer floats;
    private final long elements;
    private final Consumer<CpuBuffer> onClose;

    CpuBuffer(long elements, Consumer<CpuBuffer> onClose) {
        if (elements < 0 || elements > Integer.MAX_VALUE / Float.BYTES) {
            throw new IllegalArgumentException("Cannot allocate: elements=" + elements + ": a vector holds at most "
                    + Integer.MAX_VALUE / Float.BYTES);
        }
        this.elements = elements;
        this.onClose = onClose;
        block = NativeBlock.allocate(elements * Float.BYTES);
        floats = block.floats(0, elements);
    }

    /** The address of an element. */
    Pointer at(long offset) {
        return block.at(offset * Float.BYTES);
    }

    /** The memory; the caller must not move its position or limit. */
    FloatBuffer floats() {
        block.at(0);
        return floats;
    }

    @Override
    public long elements() {
        return elements;
    }

    @Override
    public void upload(long offset, FloatBuffer source) {
        floats().put(Math.toIntExact(offset), source, source.position(), source.remaining());
    }

    @Override
    public void download(long offset, FloatBuffer target) {
        target.put(target.position(), floats(), Math.toIntExact(offset), target.remaining());
    }

    @Override
    public void clear() {
        if (elements > 0) {
            Pointer.memset(at(0), 0, elements * Float.BYTES);
        }
    }

    @Override
    public Optional<FloatBuffer> hostView() {
        return Optional.of(floats().duplicate());
    }

    @Override
    public void close() {
        block.close();
        onClose.accept(this);
    }
}
