package org.sandglass.ops.device;

import java.nio.FloatBuffer;

/**
 * A device's vector as the host sees it, range by range, for what sums it over the network: the memory itself where that is
 * the host's, else a copy that is kept. Belongs to the thread that works with the device.
 */
public interface HostMirror extends AutoCloseable {

    /** As many elements as the vector, direct and in native order. */
    FloatBuffer floats();

    /**
     * Copies a range to the host once the work queued so far is done. Until the event has been awaited nothing may change the
     * range, here or there.
     */
    Device.Event fetch(long offset, long length);

    /**
     * Copies a range to the device, for all work queued from now on. Until that work is done, or the range is fetched again,
     * the host must not change it.
     */
    void store(long offset, long length);

    @Override
    void close();

    /** The mirror of a vector that lies in the host's memory, of a device whose work is done when a call returns. */
    static HostMirror of(FloatBuffer memory) {
        return new HostMirror() {
            @Override
            public FloatBuffer floats() {
                return memory;
            }

            @Override
            public Device.Event fetch(long offset, long length) {
                return Device.Event.DONE;
            }

            @Override
            public void store(long offset, long length) {}

            @Override
            public void close() {}
        };
    }
}
