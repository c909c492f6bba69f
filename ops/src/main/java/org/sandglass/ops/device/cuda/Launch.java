package org.sandglass.ops.device.cuda;

import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * A kernel with its arguments in native memory, ready to be launched over and over: pointers first, then integers, then
 * floats, as all kernels take them.
 */
final class Launch implements AutoCloseable {
    private static final int CELL = Long.BYTES;

    private final Checks checks;
    private final String name;
    private final CUfunc_st function;
    private final Grid grid;
    private final BytePointer cells;
    private final PointerPointer<Pointer> arguments;
    private final int firstFloat;

    /** Blocks and the threads of each. */
    record Grid(int blocksX, int blocksY, int threadsX, int threadsY) {
        private static final int THREADS = 256;
        private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

        /** For a kernel whose threads stride over so many elements. */
        static Grid over(Gpu gpu, long elements) {
            long blocks = Math.min(
                    (elements + THREADS - 1) / THREADS, (long) gpu.multiprocessors() * BLOCKS_PER_MULTIPROCESSOR);
            return new Grid((int) Math.max(1, blocks), 1, THREADS, 1);
        }
    }

    Launch(Checks checks, String name, CUfunc_st function, Grid grid, int pointers, int[] integers, float... floats) {
        this.checks = checks;
        this.name = name;
        this.function = function;
        this.grid = grid;
        int count = pointers + integers.length + floats.length;
        cells = new BytePointer((long) count * CELL);
        arguments = new PointerPointer<>(count);
        for (int i = 0; i < count; i++) {
            arguments.put(i, cells.getPointer(BytePointer.class, (long) i * CELL));
        }
        for (int i = 0; i < pointers; i++) {
            setPointer(i, 0);
        }
        for (int i = 0; i < integers.length; i++) {
            cells.putInt((long) (pointers + i) * CELL, integers[i]);
        }
        firstFloat = pointers + integers.length;
        for (int i = 0; i < floats.length; i++) {
            setFloat(i, floats[i]);
        }
    }

    /** @param address 0 for none */
    void setPointer(int index, long address) {
        cells.putLong((long) index * CELL, address);
    }

    void setInteger(int index, int pointers, int value) {
        cells.putInt((long) (pointers + index) * CELL, value);
    }

    void setFloat(int index, float value) {
        cells.putFloat((long) (firstFloat + index) * CELL, value);
    }

    void run(CUstream_st stream) {
        checks.driver(
                name,
                cudart.cuLaunchKernel(
                        function,
                        grid.blocksX(),
                        grid.blocksY(),
                        1,
                        grid.threadsX(),
                        grid.threadsY(),
                        1,
                        0,
                        stream,
                        arguments,
                        null));
    }

    @Override
    public void close() {
        arguments.close();
        cells.close();
    }
}
