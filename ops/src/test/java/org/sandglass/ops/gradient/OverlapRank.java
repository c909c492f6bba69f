package org.sandglass.ops.gradient;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.sandglass.ops.collective.Algorithm;
import org.sandglass.ops.collective.BenchmarkPipes;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.InProcess;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

/**
 * A rank of {@code scripts/bench/overlap}: iterations of training on made-up images, with the all-reduce during backward,
 * after it, or not at all. {@code OverlapRank DIRECTORY RANK ADDRESS MODEL BATCH BUCKET_BYTES}.
 *
 * <p>{@code STEP overlap|after|none iterations} is answered by {@code TIMES iteration:waited:backward…}, in nanoseconds;
 * {@code BYTES} by {@code BYTES number} of the vector that is summed; {@code SUM iterations} by {@code TIMES nanoseconds…} of the gradients' all-reduce alone, in its buckets.
 */
final class OverlapRank implements AutoCloseable {

    private static final SgdUpdate UPDATE = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 1e-3, 0.9, 1, 1e-4, true);

    private final CpuDevice device = CpuDevice.open(1);
    private final Communicator communicator;
    private final Network network;
    private final NetworkBuffers buffers;
    private final DeviceBuffer momentum;
    private final BucketPlan plan;
    private final Executable executable;
    private final FloatBuffer images;
    private final int[] labels;

    private OverlapRank(Communicator communicator, Network network, int batch, long bucketBytes) {
        this.communicator = communicator;
        this.network = network;
        this.buffers = NetworkBuffers.allocate(device, network.layout());
        this.momentum = device.allocate(network.layout().weightsLength());
        this.plan = BucketPlan.of(network.layout(), bucketBytes);
        Initialization.initialize(network, 0, view(buffers.weights()), view(buffers.statistics()));
        this.executable = device.compile(network.graph(), CompileOptions.training(batch), buffers);
        this.images = FloatBuffer.allocate((int) (batch * network.inputShape().elements()));
        Random random = new Random(communicator.rank());
        for (int i = 0; i < images.capacity(); i++) {
            images.put(i, (float) random.nextGaussian());
        }
        this.labels = random.ints(batch, 0, network.classes()).toArray();
    }

    public static void main(String[] arguments) throws IOException {
        Network network = ResNet.of(arguments[3], 1000, 224, true);
        try (BenchmarkPipes pipes = BenchmarkPipes.join(
                        Path.of(arguments[0]),
                        Integer.parseInt(arguments[1]),
                        InetAddress.getByName(arguments[2]),
                        Algorithm.AUTO);
                OverlapRank rank = new OverlapRank(
                        pipes.communicator(), network, Integer.parseInt(arguments[4]), Long.parseLong(arguments[5]))) {
            for (List<String> words = pipes.command(); !words.get(0).equals("QUIT"); words = pipes.command()) {
                pipes.answer(rank.obey(words));
            }
        }
    }

    private String obey(List<String> words) {
        if (words.get(0).equals("BYTES")) {
            return "BYTES " + Float.BYTES * network.layout().gradientLength();
        }
        if (words.get(0).equals("SUM")) {
            return "TIMES" + sum(Integer.parseInt(words.get(1)));
        }
        String mode = words.get(1);
        Communicator used = mode.equals("none") ? InProcess.single() : communicator;
        BucketReducer reducer = new BucketReducer(
                used, device.mirror(buffers.gradients()), network.layout(), plan, mode.equals("overlap"));
        return "TIMES" + steps(reducer, used.worldSize(), Integer.parseInt(words.get(2)));
    }

    private String steps(BucketReducer reducer, int ranks, int iterations) {
        StringBuilder times = new StringBuilder();
        communicator.barrier();
        for (int i = 0; i < iterations; i++) {
            long start = System.nanoTime();
            buffers.gradients().clear();
            reducer.begin();
            executable.load(images, labels);
            executable.forward();
            reducer.statisticsReady();
            long backward = System.nanoTime();
            executable.backward(1.0 / (labels.length * ranks), reducer);
            device.record().await();
            long handedOver = System.nanoTime();
            long waited = reducer.finish(Device.Event.DONE, this::update);
            device.record().await();
            long end = System.nanoTime();
            times.append(' ')
                    .append(end - start)
                    .append(':')
                    .append(waited)
                    .append(':')
                    .append(handedOver - backward);
        }
        return times.toString();
    }

    private void update(GradientBucket bucket) {
        long weights = network.layout().gradientLength() - network.layout().weightsLength();
        long from = Math.max(0, bucket.offset() - weights);
        if (bucket.end() - weights > from) {
            device.update(UPDATE, buffers, momentum, from, bucket.end() - weights - from);
        }
    }

    private String sum(int iterations) {
        StringBuilder times = new StringBuilder();
        for (int i = 0; i < iterations; i++) {
            buffers.gradients().clear();
            BucketReducer reducer =
                    new BucketReducer(communicator, device.mirror(buffers.gradients()), network.layout(), plan, false);
            communicator.barrier();
            long start = System.nanoTime();
            reducer.begin();
            reducer.finish();
            times.append(' ').append(System.nanoTime() - start);
        }
        return times.toString();
    }

    private static FloatBuffer view(DeviceBuffer buffer) {
        return buffer.hostView().orElseThrow();
    }

    @Override
    public void close() {
        executable.close();
        momentum.close();
        buffers.close();
        device.close();
    }
}
