package org.sandglass.ops.device.cpu;

import org.bytedeco.javacpp.Pointer;

/**
 * The memory that the steps of all of a device's executables share: as large as the most demanding of them asks for.
 * Growing moves it, contents included; who holds addresses compares {@link #generation}. For one thread.
 */
final class Arena implements AutoCloseable {
    private NativeBlock block = NativeBlock.allocate(0);
    private int generation;
    private Object user = this;

    void reserve(long bytes) {
        if (bytes <= block.bytes()) {
            return;
        }
        NativeBlock larger = NativeBlock.allocate(bytes);
        Pointer.memcpy(larger.at(0), block.at(0), block.bytes());
        block.close();
        block = larger;
        generation++;
    }

    /** Says who is about to use the memory; returns whether nobody else has since the same one said so last. */
    boolean claim(Object newUser) {
        boolean same = user == newUser;
        user = newUser;
        return same;
    }

    NativeBlock block() {
        return block;
    }

    long bytes() {
        return block.bytes();
    }

    int generation() {
        return generation;
    }

    @Override
    public void close() {
        block.close();
    }
}
