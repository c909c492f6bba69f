package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.HostMirror;

/** Sums between GPUs, on the double of NCCL, whose ranks are threads. */
@Tag("cuda-double")
@ExtendWith(CleanDoubles.class)
class GpuGroupTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(500);
    private static final int ELEMENTS = 1000;

    @BeforeEach
    void forget() {
        CudaDoubles.reset(5);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void shouldSumFromDeviceToDevice(long seed) throws Exception {
        CudaDoubles.reset(seed);
        CudaDoubles.runEarly(seed % 2 == 0 ? 0 : 4);
        byte[] identity = GpuGroup.newIdentity();

        List<FloatBuffer> sums = Ranks.together(3, rank -> summed(identity, rank, 3));

        for (FloatBuffer sum : sums) {
            for (int i = 0; i < ELEMENTS; i++) {
                assertThat(sum.get(i)).isEqualTo(2f * (3 * i + 3));
            }
        }
    }

    /** Two sums of rank + i over part of the vector each, and what the vector then holds, twice. */
    private static FloatBuffer summed(byte[] identity, int rank, int ranks) {
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                DeviceBuffer vector = device.allocate(ELEMENTS);
                GpuGroup group = GpuGroup.join(device, identity, rank, ranks, LONG);
                HostMirror mirror = group.mirror(vector, false)) {
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

    @Test
    void shouldFailWhereARankFallsSilent() throws Exception {
        byte[] identity = GpuGroup.newIdentity();

        List<Throwable> failures = Ranks.together(2, rank -> {
            try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                    DeviceBuffer vector = device.allocate(ELEMENTS);
                    GpuGroup group = GpuGroup.join(device, identity, rank, 2, rank == 0 ? SHORT : LONG);
                    HostMirror mirror = group.mirror(vector, false)) {
                if (rank == 1) {
                    Thread.sleep(4 * SHORT.toMillis());
                }
                mirror.fetch(0, ELEMENTS).await();
                return new AssertionError("rank " + rank + " got a sum");
            } catch (PeerFailure e) {
                return e;
            }
        });

        assertThat(failures.get(0))
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("NCCL, rank 0 of 2 on CUDA device 0")
                .hasMessageContaining("no progress within");
        assertThat(failures.get(1)).isInstanceOf(PeerFailure.class).hasMessageContaining("remote process exited");
    }

    @Test
    void shouldFailWhereNcclReportsAnError() throws Exception {
        byte[] identity = GpuGroup.newIdentity();

        List<Throwable> failures = Ranks.together(2, rank -> {
            try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                    DeviceBuffer vector = device.allocate(ELEMENTS);
                    GpuGroup group = GpuGroup.join(device, identity, rank, 2, LONG);
                    HostMirror mirror = group.mirror(vector, true)) {
                mirror.fetch(0, ELEMENTS).await();
                CudaDoubles.failCollectives();
                mirror.store(0, ELEMENTS);
                vector.download(0, FloatBuffer.allocate(ELEMENTS));
                return new AssertionError("rank " + rank + " got a sum");
            } catch (PeerFailure e) {
                return e;
            }
        });

        assertThat(failures).allSatisfy(failure -> assertThat(failure)
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("remote process exited"));
    }

    @Test
    void shouldNotWaitForEverForARankThatDoesNotJoin() {
        byte[] identity = GpuGroup.newIdentity();
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT)) {
            assertThatThrownBy(() -> GpuGroup.join(device, identity, 0, 2, SHORT))
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageContaining("ncclCommInitRankConfig did not end within");
        }
    }

    @Test
    void shouldLeaveNothingHoweverOftenItIsMadeAnew() throws Exception {
        List<byte[]> identities =
                Stream.generate(GpuGroup::newIdentity).limit(20).toList();
        Ranks.together(2, rank -> {
            try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                    DeviceBuffer vector = device.allocate(ELEMENTS)) {
                for (byte[] identity : identities) {
                    try (GpuGroup group = GpuGroup.join(device, identity, rank, 2, LONG);
                            HostMirror mirror = group.mirror(vector, true)) {
                        mirror.fetch(0, ELEMENTS).await();
                        mirror.store(0, ELEMENTS);
                    }
                }
                return true;
            }
        });
    }
}
