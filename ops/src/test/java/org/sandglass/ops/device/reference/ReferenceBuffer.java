package org.sandglass.ops.device.reference;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.sandglass.ops.device.DeviceBuffer;

/** A vector in the host's memory. */
final class ReferenceBuffer implements DeviceBuffer {
    private final FloatBuffer memory;

    ReferenceBuffer(int elements) {
        memory = ByteBuffer.allocateDirect(Math.multiplyExact(elements, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    static FloatBuffer memory(DeviceBuffer buffer) {
        return ((ReferenceBuffer) buffer).memory;
    }

    @Override
    public long elements() {
        return memory.capacity();
    }

    @Override
    public void upload(long offset, FloatBuffer source) {
        memory.slice((int) offset, source.remaining()).put(source.duplicate());
    }

    @Override
    public void download(long offset, FloatBuffer target) {
        target.duplicate().put(memory.slice((int) offset, target.remaining()));
    }

    @Override
    public void clear() {
        for (int i = 0; i < memory.capacity(); i++) {
            memory.put(i, 0);
        }
    }

    @Override
    public Optional<FloatBuffer> hostView() {
        return Optional.of(memory.duplicate());
    }

    @Override
    public void close() {}
}
