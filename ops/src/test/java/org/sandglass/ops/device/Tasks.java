package org.sandglass.ops.device;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.optim.Sgd;
import org.sandglass.ops.tensor.DataType;

/** Trains a network with the microbatches of several workers, dealt in contiguous blocks to tasks, all on one device. */
final class Tasks {
    private static final int ITERATIONS = 3;

    private Tasks() {}

    /**
     * What every task ends with, and the sum of gradients and batch statistics of the last iteration.
     *
     * @param workers one microbatch each, of the same case; the first one's weights are the initial ones
     * @param tasks a divisor of the number of workers
     */
    static Tensors train(Device device, List<TrialData> workers, int tasks, DataType precision) {
        Sgd sgd = new Sgd(SgdUpdate.Form.VELOCITY_SCALED, 0.9, true, 1e-4, true);
        FlatLayout layout = workers.get(0).layout();
        int share = workers.size() / tasks;
        FloatBuffer sum = FloatBuffer.allocate((int) layout.gradientLength());
        List<Task> all = new ArrayList<>();
        for (int task = 0; task < tasks; task++) {
            all.add(Task.open(device, workers.get(0), workers.subList(task * share, (task + 1) * share), precision));
        }
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            FloatBuffer total = FloatBuffer.allocate(sum.capacity());
            all.forEach(task -> task.addGradients(total, workers.size()));
            all.forEach(task -> {
                task.buffers().gradients().upload(0, total);
                sgd.step(device, task.buffers(), task.momentum(), 0.05, 0.05);
            });
            sum = total;
        }
        Tensors results = new Tensors();
        results.put("weights", Trial.download(all.get(0).buffers().weights()));
        results.putGradients(layout, sum);
        all.forEach(Task::close);
        return results;
    }

    private record Task(List<TrialData> workers, NetworkBuffers buffers, DeviceBuffer momentum, Executable executable)
            implements AutoCloseable {

        static Task open(Device device, TrialData initial, List<TrialData> workers, DataType precision) {
            NetworkBuffers buffers = initial.upload(device);
            CompileOptions options = CompileOptions.training(initial.contract().batchSize(), precision);
            return new Task(
                    workers,
                    buffers,
                    device.allocate(initial.layout().weightsLength()),
                    device.compile(initial.contract().graph(), options, buffers));
        }

        /** Adds this task's part to {@code total}, as the all-reduce would. */
        void addGradients(FloatBuffer total, int allWorkers) {
            buffers.gradients().clear();
            for (TrialData worker : workers) {
                executable.load(worker.images(), worker.labelArray());
                executable.forward();
                executable.backward(Trial.lossScale(worker) / allWorkers, GradientListener.NONE);
            }
            FloatBuffer own = Trial.download(buffers.gradients());
            for (int i = 0; i < total.capacity(); i++) {
                total.put(i, total.get(i) + own.get(i));
            }
        }

        @Override
        public void close() {
            executable.close();
            momentum.close();
            buffers.close();
        }
    }
}
