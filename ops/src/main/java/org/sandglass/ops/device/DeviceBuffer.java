package org.sandglass.ops.device;

import java.nio.FloatBuffer;
import java.util.Optional;

/**
 * A vector of fp32 in a device's memory, zero when allocated. Belongs to the thread that works with its device.
 *
 * <p>Copies wait for the device work queued before them.
 */
public interface DeviceBuffer extends AutoCloseable {

    long elements();

    /** Copies {@code source}'s remaining elements to {@code offset}; {@code source}'s position is left alone. */
    void upload(long offset, FloatBuffer source);

    /** Fills {@code target}'s remaining elements from {@code offset}; {@code target}'s position is left alone. */
    void download(long offset, FloatBuffer target);

    /** Sets every element to zero. */
    void clear();

    /** The memory itself, direct and in native order, where the device's memory is the host's. */
    Optional<FloatBuffer> hostView();

    @Override
    void close();
}
