package org.sandglass.ops.device.cuda;

import org.bytedeco.cuda.global.cudart;

/**
 * The memory that the steps of all of a device's executables share: as large as the most demanding of them asks for. Growing
 * moves it, contents included; who holds addresses compares {@link #generation}. For one thread.
 */
final class Arena implements AutoCloseable {
    private final Checks checks;
    private final Streams streams;
    private final Copies copies;
    private Memory memory;
    private int generation;
    private Object user = this;

    Arena(Checks checks, Streams streams, Copies copies) {
        this.checks = checks;
        this.streams = streams;
        this.copies = copies;
        memory = Memory.none(checks);
    }

    void reserve(long bytes) {
        if (bytes > memory.bytes()) {
            Memory larger = Memory.onDevice(checks, bytes);
            if (memory.bytes() > 0) {
                copies.copy(
                        streams.compute(), larger.at(0), memory.at(0), memory.bytes(), cudart.cudaMemcpyDeviceToDevice);
            }
            streams.drain(Wait.RELEASE);
            memory.close();
            memory = larger;
            generation++;
        }
    }

    /** Says who is about to use the memory; returns whether nobody else has since the same one said so last. */
    boolean claim(Object newUser) {
        boolean same = user == newUser;
        user = newUser;
        return same;
    }

    Memory memory() {
        return memory;
    }

    int generation() {
        return generation;
    }

    @Override
    public void close() {
        memory.close();
    }
}
