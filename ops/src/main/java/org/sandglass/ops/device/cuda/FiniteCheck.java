package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;

/** Looks on the device for numbers that are not finite. */
final class FiniteCheck implements AutoCloseable {
    private static final int POINTERS = 2;

    private final Gpu gpu;
    private final CudaBuffer found;
    private final FloatBuffer read = FloatBuffer.allocate(1);
    private final Launch launch;

    FiniteCheck(Gpu gpu) {
        this.gpu = gpu;
        found = new CudaBuffer(gpu, 1, closed -> {});
        launch = new Launch(
                gpu.checks(),
                "find_not_finite",
                gpu.kernels().function("find_not_finite"),
                Launch.Grid.over(gpu, Integer.MAX_VALUE),
                POINTERS,
                new int[1],
                new float[0]);
        launch.setPointer(1, found.address(0));
    }

    boolean run(long values, int length) {
        found.clear();
        launch.setPointer(0, values);
        launch.setInteger(0, POINTERS, length);
        launch.run(gpu.streams().compute());
        found.download(0, read);
        return read.get(0) == 0;
    }

    @Override
    public void close() {
        launch.close();
        found.close();
    }
}
