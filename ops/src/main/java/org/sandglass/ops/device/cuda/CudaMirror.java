package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import java.util.function.Consumer;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.HostMirror;

/** A vector's copy in pinned memory, kept up to date over the communication stream, with the turns of GPUs that sum it. */
final class CudaMirror implements HostMirror {
    private final CudaBuffer buffer;
    private final RangeSum sum;
    private final Gpu gpu;
    private final Memory memory;
    private final FloatBuffer floats;
    private final Fence complete;
    private final Fence stored;
    private final Fences fetched;
    private final Consumer<CudaMirror> onClose;
    private boolean closed;

    CudaMirror(CudaBuffer buffer, RangeSum sum, Consumer<CudaMirror> onClose) {
        this.buffer = buffer;
        this.sum = sum;
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
        sum.gather(buffer.at(offset), length);
        if (sum.onHost()) {
            copy(onHost(offset), buffer.at(offset), length, cudart.cudaMemcpyDeviceToHost);
        }
        return fetched.mark(streams.communication());
    }

    @Override
    public void store(long offset, long length) {
        gpu.enter();
        buffer.checkRange(offset, length);
        Streams streams = gpu.streams();
        if (sum.onHost()) {
            copy(buffer.at(offset), onHost(offset), length, cudart.cudaMemcpyHostToDevice);
        }
        sum.spread(buffer.at(offset), length);
        streams.mark(stored, streams.communication());
        streams.order(Wait.SUMS_STORED, streams.compute(), stored);
        buffer.change();
    }

    private Pointer onHost(long offset) {
        return memory.at(offset * Float.BYTES);
    }

    private void copy(Pointer target, Pointer source, long elements, int kind) {
        gpu.copies().copy(gpu.streams().communication(), target, source, elements * Float.BYTES, kind);
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
                gpu.streams().release(complete);
                gpu.streams().release(stored);
                fetched.close();
            }
        }
    }
}
