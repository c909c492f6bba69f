package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import org.bytedeco.cuda.global.cudart;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.HostMirror;

/** A vector that a group of GPUs sums, on the communication stream, with a copy in the leader's pinned memory. */
final class GroupMirror implements HostMirror {
    private final GpuGroup group;
    private final CudaBuffer buffer;
    private final Gpu gpu;
    private final boolean acrossHosts;
    private final Memory memory;
    private final FloatBuffer floats;
    private final Fence complete;
    private final Fence stored;
    private final Fences fetched;
    private boolean closed;

    GroupMirror(GpuGroup group, CudaBuffer buffer, boolean acrossHosts) {
        this.group = group;
        this.buffer = buffer;
        this.acrossHosts = acrossHosts;
        gpu = group.gpu();
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
        if (!acrossHosts) {
            group.allReduce(buffer.at(offset), length);
        } else {
            group.reduceToLeader(buffer.at(offset), length);
            if (group.isLeader()) {
                gpu.copies()
                        .copy(
                                streams.communication(),
                                memory.at(offset * Float.BYTES),
                                buffer.at(offset),
                                length * Float.BYTES,
                                cudart.cudaMemcpyDeviceToHost);
            }
        }
        return fetched.mark(streams.communication());
    }

    @Override
    public void store(long offset, long length) {
        gpu.enter();
        buffer.checkRange(offset, length);
        Streams streams = gpu.streams();
        if (acrossHosts) {
            if (group.isLeader()) {
                gpu.copies()
                        .copy(
                                streams.communication(),
                                buffer.at(offset),
                                memory.at(offset * Float.BYTES),
                                length * Float.BYTES,
                                cudart.cudaMemcpyHostToDevice);
            }
            group.broadcastFromLeader(buffer.at(offset), length);
        }
        streams.mark(stored, streams.communication());
        streams.order(Wait.SUMS_STORED, streams.compute(), stored);
        buffer.change();
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            gpu.enter();
            try {
                gpu.streams().drain(Wait.RELEASE);
            } finally {
                memory.close();
            }
        }
    }
}
