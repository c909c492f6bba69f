package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.InProcess;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.gradient.BucketPlan;
import org.sandglass.ops.gradient.BucketReducer;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.random.CounterRandom;

/** Two ranks, each with a device of its own, train as two ranks on processors do: sums overlap backward, buckets are small. */
@Tag("cuda-double")
class CudaTrainingTest {
    private static final int RANKS = 2;
    private static final int BATCH = 4;
    private static final int SIZE = 8;
    private static final int ITERATIONS = 12;
    private static final long BUCKET_BYTES = 16 << 10;
    private static final SgdUpdate UPDATE = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 0.05, 0.9, 1, 1e-4, true);

    private final Network network = ResNet.of("cifar-resnet8", 4, SIZE, false);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldTrainAsProcessorsDo(long seed) throws Exception {
        CudaDoubles.reset(seed);

        List<List<Double>> actual = train(() -> CudaDevice.open(0, CudaOptions.DEFAULT));

        CudaDoubles.assertClean();
        List<List<Double>> expected = train(() -> CpuDevice.open(1));
        for (int rank = 0; rank < RANKS; rank++) {
            List<Double> losses = expected.get(rank);
            assertThat(losses.get(ITERATIONS - 1)).isLessThan(0.7 * losses.get(0));
            for (int i = 0; i < ITERATIONS; i++) {
                assertThat(actual.get(rank).get(i))
                        .as("loss of rank %s in iteration %s", rank, i)
                        .isCloseTo(losses.get(i), Offset.offset(1e-3 * losses.get(0)));
            }
        }
    }

    private List<List<Double>> train(Supplier<Device> open) throws Exception {
        List<Communicator> group = InProcess.group(RANKS);
        ExecutorService threads = Executors.newFixedThreadPool(RANKS);
        try {
            List<Callable<List<Double>>> ranks = new ArrayList<>();
            group.forEach(communicator -> ranks.add(() -> trainOne(open, communicator)));
            List<List<Double>> losses = new ArrayList<>();
            for (Future<List<Double>> rank : threads.invokeAll(ranks)) {
                losses.add(rank.get());
            }
            return losses;
        } finally {
            threads.shutdownNow();
        }
    }

    private List<Double> trainOne(Supplier<Device> open, Communicator communicator) {
        List<Double> losses = new ArrayList<>();
        try (Device device = open.get();
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                DeviceBuffer momentum = device.allocate(network.layout().weightsLength());
                HostMirror mirror = device.mirror(buffers.gradients());
                Executable executable = device.compile(network.graph(), CompileOptions.training(BATCH), buffers)) {
            initialize(buffers);
            BucketPlan plan = BucketPlan.of(network.layout(), BUCKET_BYTES);
            assertThat(plan.buckets()).hasSizeGreaterThan(5);
            BucketReducer reducer = new BucketReducer(communicator, mirror, network.layout(), plan, true);
            long firstWeight =
                    network.layout().gradientLength() - network.layout().weightsLength();
            FloatBuffer images = images(communicator.rank());
            for (int i = 0; i < ITERATIONS; i++) {
                buffers.gradients().clear();
                reducer.begin();
                executable.load(images, new int[] {0, 1, 2, 3});
                executable.forward();
                losses.add(executable.result().lossSum() / BATCH);
                reducer.statisticsReady();
                executable.backward(1.0 / (RANKS * BATCH), reducer);
                reducer.finish(bucket -> {
                    long from = Math.max(0, bucket.offset() - firstWeight);
                    long end = bucket.end() - firstWeight;
                    if (end > from) {
                        device.update(UPDATE, buffers, momentum, from, end - from);
                    }
                });
            }
        }
        return losses;
    }

    private void initialize(NetworkBuffers buffers) {
        FloatBuffer weights = FloatBuffer.allocate((int) network.layout().weightsLength());
        FloatBuffer statistics = FloatBuffer.allocate((int) network.layout().statisticsLength());
        Initialization.initialize(network, 1, weights, statistics);
        buffers.weights().upload(0, weights.clear());
        buffers.statistics().upload(0, statistics.clear());
    }

    private static FloatBuffer images(int rank) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, 7, rank);
        FloatBuffer images = FloatBuffer.allocate(BATCH * 3 * SIZE * SIZE);
        for (int i = 0; i < images.capacity(); i++) {
            images.put(i, (float) random.nextGaussian());
        }
        return images;
    }
}
