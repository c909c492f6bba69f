package org.sandglass.ops.parity;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.sandglass.ops.device.BatchStatistics;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.device.cuda.CudaDevice;
import org.sandglass.ops.device.cuda.CudaOptions;
import org.sandglass.ops.device.reference.ReferenceDevice;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.NetworkState;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.optim.Sgd;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

/**
 * Takes one step and then, from the start again, several, and writes down everything that PyTorch can check. Results
 * have the names that {@code pytorch_parity.py} gives its own.
 */
public final class ParityRun implements AutoCloseable {

    private static final Sgd SGD = new Sgd(SgdUpdate.Form.VELOCITY_SCALED, 0.9, true, 1e-4, true);

    private final Device device;
    private final Network network;
    private final int batch;
    private final Map<String, NamedTensor> initial;
    private final FloatBuffer images;
    private final FloatBuffer labels;
    private final NetworkBuffers buffers;
    private final FloatBuffer statistics;
    private final List<NamedTensor> results = new ArrayList<>();

    private ParityRun(Device device, Network network, int batch, Path directory) throws IOException {
        this.device = device;
        this.network = network;
        this.batch = batch;
        this.initial = ParityFiles.read(directory.resolve("initial.safetensors"));
        Map<String, NamedTensor> samples = ParityFiles.read(directory.resolve("samples.safetensors"));
        this.images = Objects.requireNonNull(samples.get("images")).values();
        this.labels = Objects.requireNonNull(samples.get("labels")).values();
        this.buffers = NetworkBuffers.allocate(device, network.layout());
        this.statistics = FloatBuffer.allocate((int) network.layout().statisticsLength());
    }

    /**
     * Takes device, threads, model, classes, image size, batch size, iterations, learning rate and directory, and writes
     * {@code ours.safetensors} there.
     */
    public static void main(String[] args) throws IOException {
        Network network = ResNet.of(args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4]), true);
        Path directory = Path.of(args[8]);
        try (Device device = device(args[0], Integer.parseInt(args[1]));
                ParityRun run = new ParityRun(device, network, Integer.parseInt(args[5]), directory)) {
            run.reset();
            run.evaluate("evaluation/before");
            run.step();
            run.reset();
            run.train(Integer.parseInt(args[6]), Double.parseDouble(args[7]));
            run.evaluate("evaluation/after");
            ParityFiles.write(directory.resolve("ours.safetensors"), run.results);
            System.out.println(device.description());
        }
    }

    private static Device device(String name, int threads) {
        return switch (name) {
            case "cpu" -> CpuDevice.open(threads);
            case "cuda" -> CudaDevice.open(0, CudaOptions.DEFAULT);
            case "reference" -> ReferenceDevice.open();
            default -> throw new IllegalArgumentException("Cannot open device " + name + ": cpu, cuda or reference");
        };
    }

    private void reset() {
        FloatBuffer weights = FloatBuffer.allocate((int) network.layout().weightsLength());
        NetworkState.restoreModel(network, initial, weights, statistics);
        buffers.weights().upload(0, weights);
        buffers.statistics().upload(0, statistics);
    }

    private void evaluate(String name) {
        try (Executable executable = device.compile(network.graph(), CompileOptions.evaluation(batch), buffers)) {
            load(executable, 0);
            executable.forward();
            results.add(logits(name, executable));
        }
    }

    private void step() {
        FlatLayout layout = network.layout();
        try (Executable executable = device.compile(network.graph(), CompileOptions.training(batch), buffers)) {
            float loss = (float) lossAndGradients(executable, 0);
            results.add(logits("logits", executable));
            results.add(new NamedTensor("loss", Shape.of(1), FloatBuffer.wrap(new float[] {loss})));
        }
        record("gradient/", buffers.gradients(), layout.gradientLength() - layout.weightsLength());
        updateStatistics();
        for (BatchStatistics norm : layout.statistics()) {
            String name = "statistics/" + norm.name();
            Shape shape = Shape.of(norm.channels());
            results.add(download(name + ".running_mean", shape, buffers.statistics(), layout.meanOffset(norm)));
            results.add(download(name + ".running_var", shape, buffers.statistics(), layout.varianceOffset(norm)));
        }
    }

    private void train(int iterations, double learningRate) {
        float[] losses = new float[iterations];
        try (Executable executable = device.compile(network.graph(), CompileOptions.training(batch), buffers);
                DeviceBuffer momentum = device.allocate(network.layout().weightsLength())) {
            double previous = learningRate / iterations;
            for (int iteration = 0; iteration < iterations; iteration++) {
                losses[iteration] = (float) lossAndGradients(executable, iteration);
                updateStatistics();
                double rate = learningRate * (iteration + 1) / iterations;
                SGD.step(device, buffers, momentum, rate, previous);
                previous = rate;
            }
        }
        results.add(new NamedTensor("losses", Shape.of(iterations), FloatBuffer.wrap(losses)));
        record("weights/", buffers.weights(), 0);
    }

    private double lossAndGradients(Executable executable, int iteration) {
        buffers.gradients().clear();
        load(executable, iteration);
        executable.forward();
        executable.backward(1.0 / batch, GradientListener.NONE);
        return executable.result().lossSum() / batch;
    }

    private void load(Executable executable, int iteration) {
        int image = (int) network.inputShape().elements();
        int first = iteration % (labels.capacity() / batch) * batch;
        int[] classes = new int[batch];
        for (int i = 0; i < batch; i++) {
            classes[i] = (int) labels.get(first + i);
        }
        executable.load(images.slice(first * image, batch * image), classes);
    }

    private void updateStatistics() {
        FloatBuffer batchStatistics = FloatBuffer.allocate(statistics.capacity());
        buffers.gradients().download(FlatLayout.COUNTERS, batchStatistics);
        for (int i = 0; i < statistics.capacity(); i++) {
            statistics.put(i, 0.9f * statistics.get(i) + 0.1f * batchStatistics.get(i));
        }
        buffers.statistics().upload(0, statistics);
    }

    private NamedTensor logits(String name, Executable executable) {
        FloatBuffer logits = FloatBuffer.allocate(batch * network.classes());
        executable.output(logits);
        return new NamedTensor(name, Shape.of(batch, network.classes()), logits);
    }

    private void record(String prefix, DeviceBuffer vector, long offset) {
        for (Parameter parameter : network.layout().parameters()) {
            long position = offset + network.layout().weightOffset(parameter);
            results.add(download(prefix + parameter.name(), parameter.shape(), vector, position));
        }
    }

    private static NamedTensor download(String name, Shape shape, DeviceBuffer buffer, long offset) {
        FloatBuffer values = FloatBuffer.allocate((int) shape.elements());
        buffer.download(offset, values);
        return new NamedTensor(name, shape, values);
    }

    @Override
    public void close() {
        buffers.close();
    }
}
