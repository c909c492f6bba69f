package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.HostLayout;
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

/** Four ranks, each with a device of its own, train as four on processors do: sums overlap backward, buckets are small. */
@Tag("cuda-double")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudaTrainingTest {
    private static final int RANKS = 4;
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final int BATCH = 4;
    private static final int SIZE = 8;
    private static final int ITERATIONS = 12;
    private static final long BUCKET_BYTES = 16 << 10;
    private static final SgdUpdate UPDATE = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 0.05, 0.9, 1, 1e-4, true);

    private final Network network = ResNet.of("cifar-resnet8", 4, SIZE, false);

    private List<List<Double>> expected = List.of();

    @BeforeAll
    void trainOnProcessors() throws Exception {
        List<Communicator> group = InProcess.group(RANKS);
        expected = Ranks.together(
                RANKS,
                rank -> train(
                        CpuDevice.open(1), rank, group.get(rank), (device, gradients) -> device.mirror(gradients)));
    }

    /** What makes a rank's mirror of the gradient vector. */
    private interface Mirroring {
        HostMirror mirror(Device device, DeviceBuffer gradients);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void shouldTrainAsProcessorsDo(long seed) throws Exception {
        CudaDoubles.reset(seed);
        List<Communicator> group = InProcess.group(RANKS);

        assertAsExpected(Ranks.together(
                RANKS,
                rank -> train(open(rank), rank, group.get(rank), (device, gradients) -> device.mirror(gradients))));
    }

    /** One host of four GPUs, four of one, and two of two: reduce within, sum between leaders, broadcast within. */
    static Stream<Arguments> ways() {
        return Stream.of(List.of("a", "a", "a", "a"), List.of("a", "b", "c", "d"), List.of("a", "b", "a", "b"))
                .flatMap(hosts -> Stream.of(true, false)
                        .flatMap(nccl -> Stream.of(1L, 2L).map(seed -> Arguments.of(hosts, nccl, seed))));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void shouldTrainWithSumsInPhases(List<String> hosts, boolean nccl, long seed) throws Exception {
        CudaDoubles.reset(seed);
        HostLayout layout = new HostLayout(hosts);
        List<Communicator> all = InProcess.group(RANKS);
        List<Communicator> leaders = InProcess.group(layout.count());

        assertAsExpected(Ranks.together(RANKS, rank -> {
            int host = layout.host(rank);
            CudaDevice device = open(rank);
            Communicator between = layout.leader(host) == rank ? leaders.get(host) : InProcess.single();
            GpuSums sums = GpuSums.join(device, layout, all.get(rank), nccl ? null : between, TIMEOUT);
            return train(device, rank, sums.overHosts(), (same, gradients) -> closing(sums, sums.mirror(gradients)));
        }));
    }

    private static CudaDevice open(int rank) {
        return CudaDevice.open(rank, CudaOptions.DEFAULT);
    }

    /** A mirror that takes the sums along when it is closed. */
    private static HostMirror closing(GpuSums sums, HostMirror mirror) {
        return new HostMirror() {
            @Override
            public FloatBuffer floats() {
                return mirror.floats();
            }

            @Override
            public Device.Event fetch(long offset, long length) {
                return mirror.fetch(offset, length);
            }

            @Override
            public void store(long offset, long length) {
                mirror.store(offset, length);
            }

            @Override
            public void close() {
                sums.close();
                mirror.close();
            }
        };
    }

    private void assertAsExpected(List<List<Double>> actual) {
        CudaDoubles.assertClean();
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

    private List<Double> train(Device opened, int rank, Communicator communicator, Mirroring mirroring) {
        List<Double> losses = new ArrayList<>();
        try (Device device = opened;
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                DeviceBuffer momentum = device.allocate(network.layout().weightsLength());
                HostMirror mirror = mirroring.mirror(device, buffers.gradients());
                Executable executable = device.compile(network.graph(), CompileOptions.training(BATCH), buffers)) {
            initialize(buffers);
            BucketPlan plan = BucketPlan.of(network.layout(), BUCKET_BYTES);
            assertThat(plan.buckets()).hasSizeGreaterThan(5);
            BucketReducer reducer = new BucketReducer(communicator, mirror, network.layout(), plan, true);
            long firstWeight =
                    network.layout().gradientLength() - network.layout().weightsLength();
            FloatBuffer images = images(rank);
            for (int i = 0; i < ITERATIONS; i++) {
                buffers.gradients().clear();
                reducer.begin();
                executable.load(images, new int[] {0, 1, 2, 3});
                executable.forward();
                losses.add(executable.result().lossSum() / BATCH);
                reducer.statisticsReady();
                executable.backward(1.0 / (RANKS * BATCH), reducer);
                reducer.finish(device.record(), bucket -> {
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
