package org.sandglass.ops.optim;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.reference.ReferenceDevice;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.tensor.Shape;

/** A small network and one global minibatch, dealt to workers whose counts may differ. */
record Workers(Network network, List<Microbatch> microbatches) {

    static final Device DEVICE = ReferenceDevice.open();

    record Microbatch(FloatBuffer images, List<Integer> labels) {

        int count() {
            return labels.size();
        }
    }

    static Workers of(boolean batchNorm, int... counts) {
        Network network = Network.of("small", graph(batchNorm), Set.of());
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, 42);
        return new Workers(
                network,
                IntStream.of(counts)
                        .mapToObj(count -> microbatch(network, count, random))
                        .toList());
    }

    private static Graph graph(boolean batchNorm) {
        Graph.Builder graph = new Graph.Builder(Shape.of(3, 6, 6));
        Value first = graph.convolution("conv1", graph.input(), 8, 3, 1, 1);
        first = graph.relu(batchNorm ? graph.batchNorm("bn1", first) : first);
        Value second = graph.convolution("conv2", first, 8, 3, 2, 1);
        second = graph.relu(batchNorm ? graph.batchNorm("bn2", second) : second);
        graph.linear("fc", graph.globalAveragePool(second), 5);
        return graph.build();
    }

    private static Microbatch microbatch(Network network, int count, CounterRandom random) {
        FloatBuffer images =
                FloatBuffer.allocate((int) (count * network.inputShape().elements()));
        while (images.hasRemaining()) {
            images.put((float) random.nextGaussian());
        }
        List<Integer> labels =
                Stream.generate(() -> random.nextInt(5)).limit(count).toList();
        return new Microbatch(images.flip(), labels);
    }

    /** The same samples in the microbatch of a single worker. */
    Workers merged() {
        FloatBuffer images =
                FloatBuffer.allocate((int) (samples() * network.inputShape().elements()));
        microbatches.forEach(each -> images.put(each.images().duplicate()));
        List<Integer> labels =
                microbatches.stream().flatMap(each -> each.labels().stream()).toList();
        return new Workers(network, List.of(new Microbatch(images.flip(), labels)));
    }

    /** kn, or fewer in the last iteration of an epoch. */
    int samples() {
        return microbatches.stream().mapToInt(Microbatch::count).sum();
    }

    float[] initialWeights() {
        float[] weights = new float[(int) network.layout().weightsLength()];
        FloatBuffer statistics = FloatBuffer.allocate((int) network.layout().statisticsLength());
        Initialization.initialize(network, 7, FloatBuffer.wrap(weights), statistics);
        return weights;
    }

    /** Gradient of {@code lossScale} times the sum of one worker's losses, laid out as the weights are. */
    double[] gradient(float[] weights, Microbatch microbatch, double lossScale) {
        FlatLayout layout = network.layout();
        try (NetworkBuffers buffers = NetworkBuffers.allocate(DEVICE, layout);
                Executable executable = loaded(weights, microbatch, buffers)) {
            executable.backward(lossScale, GradientListener.NONE);
            FloatBuffer gradient = FloatBuffer.allocate(weights.length);
            buffers.gradients().download(FlatLayout.COUNTERS + layout.statisticsLength(), gradient);
            return Vectors.widened(gradient.array());
        }
    }

    /** Mean loss over the samples of all workers, each with batch norm over its own. */
    double meanLoss(float[] weights) {
        double sum = 0;
        for (Microbatch microbatch : microbatches) {
            try (NetworkBuffers buffers = NetworkBuffers.allocate(DEVICE, network.layout());
                    Executable executable = loaded(weights, microbatch, buffers)) {
                sum += executable.result().lossSum();
            }
        }
        return sum / samples();
    }

    private Executable loaded(float[] weights, Microbatch microbatch, NetworkBuffers buffers) {
        buffers.weights().upload(0, FloatBuffer.wrap(weights));
        Executable executable = DEVICE.compile(network.graph(), CompileOptions.training(microbatch.count()), buffers);
        int[] labels = microbatch.labels().stream().mapToInt(Integer::intValue).toArray();
        executable.load(microbatch.images(), labels);
        executable.forward();
        return executable;
    }
}
