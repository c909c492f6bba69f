package org.sandglass.ops.device.cpu;

import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.NetworkBuffers;

/** A network's flat vectors, known to lie in this device's memory. */
record Vectors(FlatLayout layout, CpuBuffer weights, CpuBuffer gradients, CpuBuffer statistics) {

    static Vectors of(NetworkBuffers buffers) {
        return new Vectors(
                buffers.layout(), own(buffers.weights()), own(buffers.gradients()), own(buffers.statistics()));
    }

    /** @throws IllegalStateException if one of them was closed */
    void checkOpen() {
        weights.floats();
        gradients.floats();
        statistics.floats();
    }

    /** @throws IllegalArgumentException if the buffer belongs to another kind of device */
    static CpuBuffer own(DeviceBuffer buffer) {
        if (buffer instanceof CpuBuffer own) {
            return own;
        }
        throw new IllegalArgumentException(
                "Cannot use a buffer of another device: " + buffer.getClass().getSimpleName());
    }
}
