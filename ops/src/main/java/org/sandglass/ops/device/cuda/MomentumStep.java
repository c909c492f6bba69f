package org.sandglass.ops.device.cuda;

import org.sandglass.ops.device.SgdUpdate;

/** {@link SgdUpdate} on the device, in one pass. */
final class MomentumStep implements AutoCloseable {
    private static final int POINTERS = 3;

    private final Gpu gpu;
    private final Launch launch;

    MomentumStep(Gpu gpu) {
        this.gpu = gpu;
        Launch.Grid grid = Launch.Grid.over(gpu, Integer.MAX_VALUE);
        launch = new Launch(
                gpu.checks(),
                "sgd_update",
                gpu.kernels().function("sgd_update"),
                grid,
                POINTERS,
                new int[2],
                new float[5]);
    }

    void run(SgdUpdate update, long weights, long gradients, long momentum, int length) {
        boolean scaled = update.form() == SgdUpdate.Form.VELOCITY_SCALED;
        float rate = (float) update.learningRate();
        launch.setPointer(0, weights);
        launch.setPointer(1, gradients);
        launch.setPointer(2, momentum);
        launch.setInteger(0, POINTERS, length);
        launch.setInteger(1, POINTERS, scaled ? 1 : 0);
        launch.setFloat(0, rate);
        launch.setFloat(1, (float) update.weightDecay());
        launch.setFloat(2, (float) (scaled ? update.momentum() * update.correction() : update.momentum()));
        launch.setFloat(3, update.nesterov() ? (float) update.momentum() : 1);
        launch.setFloat(4, update.nesterov() ? (scaled ? rate : 1) : 0);
        launch.run(gpu.streams().compute());
    }

    @Override
    public void close() {
        launch.close();
    }
}
