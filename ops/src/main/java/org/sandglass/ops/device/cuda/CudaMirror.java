package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import java.util.function.Consumer;
import org.bytedeco.cuda.global.cudart;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.HostMirror;

/** A vector's copy in pinned memory, kept up to date over the communication stream. */
final class CudaMirror implements HostMirror {
    private final CudaBuffer buffer;
    private final Gpu gpu;
    private final Memory memory;
    private final FloatBuffer floats;
    private final Fence complete;
    private final Fence stored;
    private final Fences fetched;
    private final Consumer<CudaMirror> onClose;
    private boolean closed;

    CudaMirror(CudaBuffer buffer, Consumer<CudaMirror> onClose) {
        this.buffer = buffer;
        this.onClose = onClose;
        gpu = buffer.gpu();
        memory = Memory.pinned(gpu.checks(), buffer.elements() * Float.BYTES);
        floats = memory.view().asFloatBuffer();
        complete = gpu.streams().fence();
        stored = gpu.streams().fence();
        fetched = new Fences(gpu.streams(), Wait.GRADIENTS_FETCHED);
    }

    @Override
    public FloatBuffer floats() {
        memory.checkOpen();
        return floats;
    }

    @Override
    public Device.Event fetch(long offset, long length) {
        gpu.enter();
        buffer.checkRange(offset, length);
        Streams streams = gpu.streams();
        streams.mark(complete, streams.compute());
        streams.order(Wait.GRADIENTS_COMPLETE, streams.communication(), complete);
        gpu.copies()
                .copy(
                        streams.communication(),
                        memory.at(offset * Float.BYTES),
                        buffer.at(offset),
                        length * Float.BYTES,
                        cudart.cudaMemcpyDeviceToHost);
        return fetched.mark(streams.communication());
    }

    @Override
    public void store(long offset, long length) {
        gpu.enter();
        buffer.checkRange(offset, length);
        Streams streams = gpu.streams();
        gpu.copies()
                .copy(
                        streams.communication(),
                        buffer.at(offset),
                        memory.at(offset * Float.BYTES),
                        length * Float.BYTES,
                        cudart.cudaMemcpyHostToDevice);
        streams.mark(stored, streams.communication());
        streams.order(Wait.SUMS_STORED, streams.compute(), stored);
        buffer.change();
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
