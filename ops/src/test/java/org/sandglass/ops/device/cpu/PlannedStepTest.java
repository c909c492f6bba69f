package org.sandglass.ops.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Optional;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.DataType;

/** What a training loop costs beyond arithmetic, once it runs: nothing is allocated, and weights are reordered once. */
class PlannedStepTest {
    private static final int BATCH = 8;
    private static final int ITERATIONS = 10;
    private static final int WINDOWS = 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Network network = ResNet.of("cifar-resnet8", 10, 16, false);
    private final FloatBuffer images = ByteBuffer.allocateDirect(Float.BYTES * BATCH * 3 * 16 * 16)
            .order(ByteOrder.nativeOrder())
            .asFloatBuffer();
    private final int[] labels = new int[BATCH];
    private final SgdUpdate update = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 1e-3, 0.9, 1, 1e-4, true);

    /** The runtime's own threads allocate as they please, so one window of ten iterations without any change counts. */
    @ParameterizedTest
    @CsvSource({"1, F32", "2, F32", "1, BF16"})
    void shouldAllocateNothingInTenIterations(int threads, DataType precision) {
        if (CpuDevice.refusal(precision).isPresent()) {
            return;
        }
        try (CpuDevice device = CpuDevice.open(threads);
                Loop loop = new Loop(device, precision)) {
            loop.run();
            long leastJava = Long.MAX_VALUE;
            long leastNative = Long.MAX_VALUE;
            for (int window = 0; window < WINDOWS && (leastJava > 0 || leastNative > 0); window++) {
                long own = Pointer.totalBytes() + Pointer.totalCount();
                long nativeBytes = nativeBytes();
                long java = javaBytes();
                loop.run();
                leastJava = Math.min(leastJava, javaBytes() - java);
                long grown = Math.abs(nativeBytes() - nativeBytes);
                leastNative = Math.min(leastNative, grown + Pointer.totalBytes() + Pointer.totalCount() - own);
            }
            assertThat(leastJava).as("bytes of Java objects").isZero();
            assertThat(leastNative).as("bytes of native memory").isZero();
        }
    }

    private static long javaBytes() {
        return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    /** Bytes that malloc has handed out, to whomever, where the C library tells: mallinfo2() fills ten longs. */
    private static long nativeBytes() {
        return MallInfo.bytesInUse();
    }

    /** A call whose result is a structure takes its address in front, on x86-64. */
    private static final class MallInfo {
        private static final int FIELDS = 10;
        private static final int MAPPED = 4;
        private static final int USED = 7;
        private static final LongPointer INFO = new LongPointer(FIELDS).fill(0);
        private static final NativeFunction.Argument ADDRESS = new NativeFunction.Argument(INFO.address());
        private static final Optional<NativeFunction> CALL =
                System.getProperty("os.arch", "").equals("amd64")
                        ? NativeFunction.find("mallinfo2", "malloc's bytes are not counted")
                        : Optional.empty();

        static long bytesInUse() {
            if (CALL.isEmpty()) {
                return 0;
            }
            CALL.get().call(ADDRESS, NativeFunction.Argument.NONE, 0);
            return INFO.get(MAPPED) + INFO.get(USED);
        }
    }

    @Test
    void shouldSeeMallocWhereTheTestCountsIt() {
        long before = nativeBytes();
        Pointer block = Pointer.malloc(64L << 20);
        long after = nativeBytes();
        Pointer.free(block);
        assertThat(after - before > 63L << 20).isEqualTo(MallInfo.CALL.isPresent());
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"F32", "BF16"})
    void shouldNoticeEveryChangeOfTheWeights(DataType precision) {
        if (CpuDevice.refusal(precision).isPresent()) {
            return;
        }
        try (CpuDevice device = CpuDevice.open(1);
                Loop loop = new Loop(device, precision);
                Executable other = device.compile(
                        network.graph(), CompileOptions.evaluation(2 * BATCH, precision), loop.buffers)) {
            double first = loop.loss();
            assertThat(loop.loss()).isEqualTo(first);
            other.load(FloatBuffer.allocate(2 * images.capacity()), new int[2 * BATCH]);
            other.forward();
            assertThat(loop.loss())
                    .as("after another executable used the arena")
                    .isEqualTo(first);
            loop.run();
            double updated = loop.loss();
            assertThat(updated).as("after updates").isNotEqualTo(first);
            loop.buffers.weights().upload(0, loop.initial.duplicate());
            assertThat(loop.loss()).as("after an upload").isEqualTo(first);
            FloatBuffer view = loop.buffers.weights().hostView().orElseThrow();
            loop.loss();
            for (int i = 0; i < view.capacity(); i++) {
                view.put(i, 0.5f * view.get(i));
            }
            assertThat(loop.loss())
                    .as("after a change behind the device's back")
                    .isNotEqualTo(first);
        }
    }

    /** Ten iterations over and over. */
    private final class Loop implements AutoCloseable {
        private final CpuDevice device;
        private final NetworkBuffers buffers;
        private final DeviceBuffer momentum;
        private final Executable executable;
        private final FloatBuffer initial;

        Loop(CpuDevice device, DataType precision) {
            this.device = device;
            buffers = NetworkBuffers.allocate(device, network.layout());
            momentum = device.allocate(network.layout().weightsLength());
            initial = FloatBuffer.allocate((int) network.layout().weightsLength());
            FloatBuffer statistics = FloatBuffer.allocate((int) network.layout().statisticsLength());
            Initialization.initialize(network, 1, initial, statistics);
            initial.clear();
            statistics.clear();
            buffers.weights().upload(0, initial);
            buffers.statistics().upload(0, statistics);
            executable = device.compile(network.graph(), CompileOptions.training(BATCH, precision), buffers);
            for (int i = 0; i < images.capacity(); i++) {
                images.put(i, (float) Math.sin(i));
            }
        }

        double loss() {
            executable.load(images, labels);
            executable.forward();
            return executable.result().lossSum();
        }

        void run() {
            for (int i = 0; i < ITERATIONS; i++) {
                executable.load(images, labels);
                executable.forward();
                executable.backward(1.0 / BATCH, GradientListener.NONE);
                device.update(update, buffers, momentum, 0, momentum.elements());
                buffers.gradients().clear();
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
