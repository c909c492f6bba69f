package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import org.bytedeco.cuda.global.cudart;

/** Looks on the device for numbers that are not finite. Close it when nothing is queued. */
final class FiniteCheck implements AutoCloseable {
    private static final int POINTERS = 2;

    private final Gpu gpu;
    private final Memory found;
    private final FloatBuffer read = FloatBuffer.allocate(1);
    private final Launch launch;

    FiniteCheck(Gpu gpu) {
        this.gpu = gpu;
        found = Memory.onDevice(gpu.checks(), Float.BYTES);
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
        gpu.checks()
                .runtime(
                        "cudaMemsetAsync",
                        cudart.cudaMemsetAsync(
                                found.at(0), 0, Float.BYTES, gpu.streams().compute()));
        launch.setPointer(0, values);
        launch.setInteger(0, POINTERS, length);
        launch.run(gpu.streams().compute());
        gpu.copies().download(found, 0, read);
        return read.get(0) == 0;
    }

    @Override
    public void close() {
        launch.close();
        found.close();
    }
}
