package org.sandglass.ops.device.cuda;

import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.bytedeco.cuda.global.cudart;

/**
 * The way of microbatches to the device: two pairs of pinned and device memory in turn, so that the next microbatch travels
 * while the last one is being computed. Shared by all executables of a device.
 */
final class Inputs implements AutoCloseable {
    private final Checks checks;
    private final Streams streams;
    private final Copies copies;
    private final Slot[] slots;
    private int next;

    /** The same in both memories. */
    final class Slot {
        private Memory host;
        private Memory device;
        private final Fence arrived = streams.fence();
        private final Fence read = streams.fence();

        private Slot() {
            host = Memory.none(checks);
            device = Memory.none(checks);
        }

        Memory device() {
            return device;
        }

        /** Says that all that reads the slot has been queued on compute. */
        void release() {
            streams.mark(read, streams.compute());
        }

        private void reserve(long bytes) {
            if (bytes > device.bytes()) {
                streams.drain(Wait.RELEASE);
                host.close();
                device.close();
                host = Memory.pinned(checks, bytes);
                device = Memory.onDevice(checks, bytes);
            }
        }
    }

    Inputs(Checks checks, Streams streams, Copies copies) {
        this.checks = checks;
        this.streams = streams;
        this.copies = copies;
        slots = new Slot[] {new Slot(), new Slot()};
    }

    /**
     * Queues a microbatch's way to the device; what is queued on compute from now on finds it there, until released.
     *
     * @param writing puts it into pinned memory, as it is to lie on the device
     */
    Slot load(long bytes, Consumer<ByteBuffer> writing) {
        next = 1 - next;
        Slot slot = slots[next];
        slot.reserve(bytes);
        streams.hold(Wait.INPUT_STAGING_FREE, slot.arrived);
        writing.accept(slot.host.view());
        streams.order(Wait.INPUT_READ, streams.transfer(), slot.read);
        copies.copy(streams.transfer(), slot.device.at(0), slot.host.at(0), bytes, cudart.cudaMemcpyHostToDevice);
        streams.mark(slot.arrived, streams.transfer());
        streams.order(Wait.INPUT_ARRIVED, streams.compute(), slot.arrived);
        return slot;
    }

    @Override
    public void close() {
        for (Slot slot : slots) {
            slot.host.close();
            slot.device.close();
        }
    }
}
