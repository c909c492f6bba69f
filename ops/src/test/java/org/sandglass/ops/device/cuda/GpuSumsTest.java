package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.HostLayout;
import org.sandglass.ops.collective.InProcess;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.HostMirror;

/** Sums between GPUs, on the double of NCCL, whose ranks are threads here; {@link GpuProcessesTest} has processes. */
@Tag("cuda-double")
@ExtendWith(CleanDoubles.class)
class GpuSumsTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(500);
    private static final int ELEMENTS = 1000;
    private static final HostLayout PAIR = new HostLayout(List.of("host", "host"));
    private static final HostLayout APART = new HostLayout(List.of("one", "other"));

    @BeforeEach
    void forget() {
        CudaDoubles.reset(5);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void shouldSumFromDeviceToDevice(long seed) throws Exception {
        CudaDoubles.reset(seed);
        CudaDoubles.runEarly(seed % 2 == 0 ? 0 : 4);
        HostLayout layout = new HostLayout(List.of("host", "host", "host"));
        List<Communicator> all = InProcess.group(3);

        List<FloatBuffer> sums = Ranks.together(3, rank -> summed(layout, all.get(rank), rank));

        for (FloatBuffer sum : sums) {
            for (int i = 0; i < ELEMENTS; i++) {
                assertThat(sum.get(i)).isEqualTo(2f * (3 * i + 3));
            }
        }
    }

    /** Two sums of rank + i over part of the vector each, and what the vector then holds, twice. */
    private static FloatBuffer summed(HostLayout layout, Communicator all, int rank) {
        try (CudaDevice device = open(rank);
                DeviceBuffer vector = device.allocate(ELEMENTS);
                GpuSums sums = GpuSums.join(device, layout, all, null, LONG);
                HostMirror mirror = sums.mirror(vector)) {
            FloatBuffer values = FloatBuffer.allocate(ELEMENTS);
            for (int i = 0; i < ELEMENTS; i++) {
                values.put(i, rank + i);
            }
            FloatBuffer total = FloatBuffer.allocate(ELEMENTS);
            for (int time = 0; time < 2; time++) {
                vector.upload(0, values);
                mirror.fetch(0, 300);
                mirror.fetch(300, ELEMENTS - 300).await();
                mirror.store(0, 300);
                mirror.store(300, ELEMENTS - 300);
                FloatBuffer sum = FloatBuffer.allocate(ELEMENTS);
                vector.download(0, sum);
                for (int i = 0; i < ELEMENTS; i++) {
                    total.put(i, total.get(i) + sum.get(i));
                }
            }
            return total;
        }
    }

    private interface Ending {
        void run(int rank, GpuSums sums, HostMirror mirror, DeviceBuffer vector) throws Exception;
    }

    /** What the ranks of a host fail with. */
    private static List<Throwable> failures(Duration first, List<Communicator> all, Ending ending) throws Exception {
        return Ranks.together(2, rank -> {
            try (CudaDevice device = open(rank);
                    DeviceBuffer vector = device.allocate(ELEMENTS);
                    GpuSums sums = GpuSums.join(device, PAIR, all.get(rank), null, rank == 0 ? first : LONG);
                    HostMirror mirror = sums.mirror(vector)) {
                ending.run(rank, sums, mirror, vector);
                return new AssertionError("rank " + rank + " got a sum");
            } catch (PeerFailure e) {
                return e;
            }
        });
    }

    @Test
    void shouldFailWhereARankFallsSilent() throws Exception {
        List<Throwable> failures = failures(SHORT, InProcess.group(2), (rank, sums, mirror, vector) -> {
            if (rank == 1) {
                Thread.sleep(4 * SHORT.toMillis());
            }
            mirror.fetch(0, ELEMENTS).await();
        });

        assertThat(failures.get(0))
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("NCCL, rank 0 of 2 on CUDA device 0")
                .hasMessageContaining("no progress within");
        assertThat(failures.get(1)).isInstanceOf(PeerFailure.class).hasMessageContaining("remote process exited");
    }

    @Test
    void shouldFailWhereNcclReportsAnError() throws Exception {
        List<Throwable> failures = failures(LONG, InProcess.group(2), (rank, sums, mirror, vector) -> {
            mirror.fetch(0, ELEMENTS).await();
            CudaDoubles.failCollectives();
            mirror.fetch(0, ELEMENTS).await();
        });

        assertThat(failures).allSatisfy(failure -> assertThat(failure)
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("remote process exited"));
    }

    /** As where the connections of processes tell it first. */
    @Test
    void shouldFailWhereAPeerIsKnownToBeLost() throws Exception {
        List<Communicator> all = InProcess.group(2);

        List<Throwable> failures = failures(LONG, all, (rank, sums, mirror, vector) -> {
            if (rank == 1) {
                Thread.sleep(100);
                all.get(1).close();
            }
            if (rank == 0) {
                mirror.fetch(0, ELEMENTS).await();
            }
            Thread.sleep(200);
            mirror.fetch(0, ELEMENTS).await();
        });

        assertThat(failures).allSatisfy(failure -> assertThat(failure)
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("rank 1 has closed its communicator"));
    }

    @Test
    void shouldNotWaitForEverForARankThatDoesNotJoin() {
        byte[] identity = GpuGroup.newIdentity();
        try (CudaDevice device = open(0)) {
            assertThatThrownBy(() -> GpuGroup.join(device.gpu(), identity, 0, 2, SHORT, Optional::empty))
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageContaining("ncclCommInitRankConfig did not end within");
        }
    }

    /** A restart after a loss: the same device, buffers and weights, and a new group. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSumAgainAfterALoss(boolean nccl) throws Exception {
        List<List<Communicator>> all = List.of(InProcess.group(2), InProcess.group(2));
        List<List<Communicator>> leaders = List.of(InProcess.group(2), InProcess.group(2));
        CyclicBarrier joined = new CyclicBarrier(2);

        List<Float> sums = Ranks.together(2, rank -> {
            try (CudaDevice device = open(rank);
                    DeviceBuffer vector = device.allocate(ELEMENTS)) {
                try (GpuSums first = GpuSums.join(device, PAIR, all.get(0).get(rank), null, LONG);
                        HostMirror mirror = first.mirror(vector)) {
                    joined.await(LONG.toSeconds(), TimeUnit.SECONDS);
                    if (rank == 1) {
                        all.get(0).get(1).close();
                    }
                    assertThatThrownBy(() -> {
                                while (true) {
                                    mirror.fetch(0, ELEMENTS).await();
                                }
                            })
                            .isInstanceOf(PeerFailure.class);
                }
                Communicator leader = leaders.get(1).get(rank);
                try (GpuSums second = GpuSums.join(device, APART, all.get(1).get(rank), nccl ? null : leader, LONG);
                        HostMirror mirror = second.mirror(vector)) {
                    vector.upload(0, FloatBuffer.wrap(new float[] {rank + 1}));
                    mirror.fetch(0, 1).await();
                    second.overHosts().allReduce(mirror.floats().slice(0, 1)).await();
                    mirror.store(0, 1);
                    FloatBuffer sum = FloatBuffer.allocate(1);
                    vector.download(0, sum);
                    return sum.get(0);
                }
            }
        });

        assertThat(sums).containsExactly(3f, 3f);
    }

    /** Twenty communicators one after the other, 200 iterations: after each, as much is left as after the first. */
    @Test
    void shouldLeaveNothingHoweverOftenItIsMadeAnew() throws Exception {
        int times = 20;
        List<List<Communicator>> groups =
                Stream.generate(() -> InProcess.group(2)).limit(times).toList();
        List<CudaDoubles.Held> left = new ArrayList<>();
        CyclicBarrier closed = new CyclicBarrier(2, () -> left.add(CudaDoubles.held()));
        Ranks.together(2, rank -> {
            try (CudaDevice device = open(rank);
                    DeviceBuffer vector = device.allocate(ELEMENTS)) {
                for (List<Communicator> all : groups) {
                    try (GpuSums sums = GpuSums.join(device, PAIR, all.get(rank), null, LONG);
                            HostMirror mirror = sums.mirror(vector)) {
                        for (int i = 0; i < 200 / times; i++) {
                            mirror.fetch(0, ELEMENTS).await();
                            mirror.store(0, ELEMENTS);
                        }
                    }
                    closed.await(LONG.toSeconds(), TimeUnit.SECONDS);
                }
                return true;
            }
        });

        assertThat(left).hasSize(times).containsOnly(left.get(0));
    }

    private static CudaDevice open(int rank) {
        return CudaDevice.open(rank, CudaOptions.DEFAULT);
    }
}
