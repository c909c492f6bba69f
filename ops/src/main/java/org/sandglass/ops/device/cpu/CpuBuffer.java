package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.DeviceBuffer;

/** A vector in native memory of the host. */
final class CpuBuffer implements DeviceBuffer {
    /** The version of a vector that others than this device may write. */
    static final long UNKNOWN = -1;

    private static final long WORTH_SHARING = 1L << 20;

    private final NativeBlock block;
    private final FloatBuffer floats;
    private final long elements;
    private final Crew crew;
    private final Consumer<CpuBuffer> onClose;
    private final Pointer[] parts;
    private final IntConsumer clearPart = this::clearPart;
    private long version;
    private boolean exposed;

    CpuBuffer(long elements, Crew crew, Consumer<CpuBuffer> onClose) {
        if (elements < 0 || elements > Integer.MAX_VALUE / Float.BYTES) {
            throw new IllegalArgumentException("Cannot allocate: elements=" + elements + ": a vector holds at most "
                    + Integer.MAX_VALUE / Float.BYTES);
        }
        this.elements = elements;
        this.crew = crew;
        this.onClose = onClose;
        block = NativeBlock.allocate(elements * Float.BYTES);
        floats = block.floats(0, elements);
        parts = new Pointer[block.bytes() < WORTH_SHARING ? 1 : crew.size()];
        for (int i = 0; i < parts.length; i++) {
            parts[i] = block.at(partOffset(i));
        }
    }

    /** The address of an element. */
    Pointer at(long offset) {
        return block.at(offset * Float.BYTES);
    }

    /** The memory; the caller must not move its position or limit. */
    FloatBuffer floats() {
        block.checkOpen();
        return floats;
    }

    /** Differs from what it was if the contents may have changed in between; {@link #UNKNOWN} differs from itself. */
    long version() {
        return exposed ? UNKNOWN : version;
    }

    /** Notes that the contents have changed. */
    void change() {
        version++;
    }

    @Override
    public long elements() {
        return elements;
    }

    @Override
    public void upload(long offset, FloatBuffer source) {
        floats().put(Math.toIntExact(offset), source, source.position(), source.remaining());
        change();
    }

    @Override
    public void download(long offset, FloatBuffer target) {
        target.put(target.position(), floats(), Math.toIntExact(offset), target.remaining());
    }

    @Override
    public void clear() {
        block.checkOpen();
        if (parts.length == 1) {
            clearPart(0);
        } else {
            crew.run(clearPart);
        }
        change();
    }

    private void clearPart(int part) {
        long length = partOffset(part + 1) - partOffset(part);
        if (length > 0) {
            Pointer.memset(parts[part], 0, length);
        }
    }

    private long partOffset(int part) {
        return block.bytes() * part / parts.length;
    }

    @Override
    public Optional<FloatBuffer> hostView() {
        FloatBuffer view = floats().duplicate();
        exposed = true;
        return Optional.of(view);
    }

    @Override
    public void close() {
        block.close();
        onClose.accept(this);
    }
}
