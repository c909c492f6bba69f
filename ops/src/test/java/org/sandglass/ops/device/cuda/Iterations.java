package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

/**
 * Some iterations as a training loop makes them, with all that waits for something: several microbatches without a wait of
 * the host between, gradients fetched bucket by bucket while backward goes on, sums stored, updates, evaluation.
 */
final class Iterations {
    private static final int SIZE = 8;
    private static final int BATCH = 2;
    private static final int CLASSES = 3;
    private static final int ITERATIONS = 2;
    private static final int MICROBATCHES = 4;
    /** More than the staging blocks hold together. */
    private static final int LONG_VECTOR = 1_300_000;

    private final Network network = ResNet.of("cifar-resnet8", CLASSES, SIZE, false);
    private final CudaDevice device;
    private final List<Float> results = new ArrayList<>();

    private Iterations(CudaDevice device) {
        this.device = device;
    }

    /** Opens a device, trains, and returns all that came out, bit for bit the same whenever the waits are right. */
    static List<Float> run(Predicate<Wait> kept) {
        return run(kept, CudaOptions.DEFAULT);
    }

    static List<Float> run(Predicate<Wait> kept, CudaOptions options) {
        try (CudaDevice device = CudaDevice.open(0, options, kept)) {
            Iterations iterations = new Iterations(device);
            iterations.train();
            iterations.copyALongVector();
            device.record();
            return iterations.results;
        }
    }

    private void train() {
        NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
        FloatBuffer weights = FloatBuffer.allocate((int) network.layout().weightsLength());
        FloatBuffer statistics = FloatBuffer.allocate((int) network.layout().statisticsLength());
        Initialization.initialize(network, 1, weights, statistics);
        buffers.weights().upload(0, weights.clear());
        buffers.statistics().upload(0, statistics.clear());
        DeviceBuffer momentum = device.allocate(network.layout().weightsLength());
        HostMirror mirror = device.mirror(buffers.gradients());
        Executable training = device.compile(network.graph(), CompileOptions.training(BATCH), buffers);
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            buffers.gradients().clear();
            List<Device.Event> fetched = gradients(training, iteration, mirror);
            sumOverTwoRanks(mirror, fetched);
            device.update(
                    new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 0.05, 0.9, 1, 1e-4, true),
                    buffers,
                    momentum,
                    0,
                    momentum.elements());
        }
        read(buffers.weights());
        forward(training, 77);
        device.record().await();
        results.add((float) CudaDoubles.pending());
        forward(training, 78);
        device.synchronize();
        results.add((float) CudaDoubles.pending());
        forward(training, 79);
        // Takes a larger arena, while forward is still queued on the smaller one.
        Executable larger = device.compile(network.graph(), CompileOptions.training(16 * BATCH), buffers);
        results.add((float) training.result().lossSum());
        // Its inputs take more memory, while those of the smaller one may still be on their way.
        forward(training, 80);
        forward(larger, 81);
        forward(larger, 82);
        results.add((float) larger.result().lossSum());
        forward(training, 83);
        larger.close();
        training.close();
        mirror.close();
        momentum.clear();
        momentum.close();
        buffers.close();
    }

    private List<Device.Event> gradients(Executable training, int iteration, HostMirror mirror) {
        List<Device.Event> fetched = new ArrayList<>();
        long[] fetchedTo = {0};
        for (int k = 0; k < MICROBATCHES; k++) {
            forward(training, iteration * MICROBATCHES + k);
            boolean last = k == MICROBATCHES - 1;
            training.backward(1.0 / (MICROBATCHES * BATCH), parameter -> {
                long end = network.layout().gradientOffset(parameter)
                        + parameter.shape().elements();
                if (last) {
                    fetched.add(mirror.fetch(fetchedTo[0], end - fetchedTo[0]));
                    fetchedTo[0] = end;
                }
            });
        }
        return fetched;
    }

    private void forward(Executable training, int seed) {
        int batch = training.options().batchSize();
        FloatBuffer images =
                FloatBuffer.allocate((int) network.graph().input().shape().elements() * batch);
        for (int i = 0; i < images.capacity(); i++) {
            images.put(i, (float) Math.sin(seed * 1000 + i));
        }
        training.load(
                images, IntStream.range(0, batch).map(i -> (seed + i) % CLASSES).toArray());
        training.forward();
    }

    private void sumOverTwoRanks(HostMirror mirror, List<Device.Event> fetched) {
        fetched.forEach(Device.Event::await);
        FloatBuffer floats = mirror.floats();
        for (int i = 0; i < floats.capacity(); i++) {
            floats.put(i, 2 * floats.get(i));
        }
        mirror.store(0, floats.capacity() / 2);
        mirror.store(floats.capacity() / 2, floats.capacity() - floats.capacity() / 2);
    }

    private void copyALongVector() {
        try (DeviceBuffer vector = device.allocate(LONG_VECTOR)) {
            FloatBuffer source = FloatBuffer.allocate(LONG_VECTOR);
            for (int i = 0; i < LONG_VECTOR; i++) {
                source.put(i, i % 7919);
            }
            vector.upload(0, source);
            double sum = 0;
            FloatBuffer target = FloatBuffer.allocate(LONG_VECTOR);
            vector.download(0, target);
            for (int i = 0; i < LONG_VECTOR; i++) {
                sum += (double) target.get(i) * (i % 101);
            }
            results.add((float) sum);
        }
    }

    private void read(DeviceBuffer buffer) {
        FloatBuffer target = FloatBuffer.allocate((int) buffer.elements());
        buffer.download(0, target);
        for (int i = 0; i < target.capacity(); i++) {
            results.add(target.get(i));
        }
    }
}
