package org.sandglass.ops.device.cuda;

import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.NetworkBuffers;

/** A network's flat vectors, known to lie in a GPU's memory. */
record Vectors(FlatLayout layout, CudaBuffer weights, CudaBuffer gradients, CudaBuffer statistics) {

    static Vectors of(NetworkBuffers buffers) {
        return new Vectors(
                buffers.layout(), own(buffers.weights()), own(buffers.gradients()), own(buffers.statistics()));
    }

    /** @throws IllegalStateException if one of them was closed */
    void checkOpen() {
        weights.checkOpen();
        gradients.checkOpen();
        statistics.checkOpen();
    }

    /** @throws IllegalArgumentException if the buffer belongs to another kind of device */
    static CudaBuffer own(DeviceBuffer buffer) {
        if (buffer instanceof CudaBuffer own) {
            return own;
        }
        throw new IllegalArgumentException(
                "Cannot use a buffer of another device: " + buffer.getClass().getSimpleName());
    }
}
