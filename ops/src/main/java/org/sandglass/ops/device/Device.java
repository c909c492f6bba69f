package org.sandglass.ops.device;

import java.nio.FloatBuffer;

/**
 * What computes: a processor or a GPU. Owns its memory, its layouts and its queue of work.
 *
 * <p>Work is queued in the order of the calls and may run later. A device and all that it made belong to one thread at a
 * time; two devices are independent.
 */
public interface Device extends AutoCloseable {

    DeviceKind kind();

    /** One line for people: processor or GPU, library and version, threads. */
    String description();

    /** Allocates a zeroed vector. */
    DeviceBuffer allocate(long elements);

    /**
     * Compiles a graph.
     *
     * @throws UnsupportedOperationException if the device cannot compute in the precision asked for, saying why
     * @throws IllegalStateException if an operation has no fast implementation here, naming the layer
     */
    Executable compile(Graph graph, CompileOptions options, NetworkBuffers buffers);

    /** Updates {@code length} weights from {@code offset} on, gradients taken from the gradient vector. */
    void update(SgdUpdate update, NetworkBuffers buffers, DeviceBuffer momentum, long offset, long length);

    /** Whether {@code length} elements from {@code offset} on are all finite, once the work queued so far is done. */
    default boolean isFinite(DeviceBuffer buffer, long offset, long length) {
        FloatBuffer piece = FloatBuffer.allocate((int) Math.min(length, 1 << 16));
        for (long done = 0; done < length; done += piece.capacity()) {
            piece.limit((int) Math.min(piece.capacity(), length - done));
            buffer.download(offset + done, piece);
            for (int i = 0; i < piece.limit(); i++) {
                if (!Float.isFinite(piece.get(i))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Mirrors a vector of this device on the host; close it before the vector. */
    HostMirror mirror(DeviceBuffer buffer);

    /** Marks this point of the queue. */
    Event record();

    /** Waits until all queued work is done. */
    void synchronize();

    @Override
    void close();

    /** A point in a device's queue. Thread-safe. */
    interface Event {

        /** Of work that is done. */
        Event DONE = new Event() {
            @Override
            public void await() {}

            @Override
            public boolean isDone() {
                return true;
            }
        };

        /** Waits until the work queued before the point is done. */
        void await();

        /** Whether {@link #await} would return at once. */
        boolean isDone();
    }
}
