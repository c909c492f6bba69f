package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.optim.LossScale;
import org.sandglass.ops.tensor.DataType;

@Tag("cuda-double")
class CudaDeviceTest {
    private static final int BATCH = 4;

    private final Network network = ResNet.of("cifar-resnet8", 10, 8, false);

    @BeforeEach
    @AfterEach
    void forget() {
        CudaDoubles.reset(3);
    }

    @Test
    void shouldSayWhereAndHowMuchMemoryIsMissing() {
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT)) {
            CudaDoubles.failAllocationsAfter(0);

            assertThatThrownBy(() -> device.allocate(1000))
                    .isInstanceOf(CudaFailure.class)
                    .hasMessageContaining("cudaMalloc of 4000 bytes")
                    .hasMessageContaining("are free")
                    .hasMessageContaining("CUDA device 0")
                    .hasMessageContaining("perWorkerBatchSize")
                    .matches(failure -> !((CudaFailure) failure).endsProcess());
        }
        CudaDoubles.assertClean();
    }

    /** Whatever allocation fails, what was allocated before is released. */
    @Test
    void shouldLeaveNothingBehindWhenItRunsOutOfMemory() {
        boolean failed = true;
        for (int allocations = 0; failed; allocations++) {
            CudaDoubles.reset(allocations);
            CudaDoubles.failAllocationsAfter(allocations);
            failed = false;
            try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                    NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                    Executable executable = device.compile(network.graph(), CompileOptions.training(BATCH), buffers)) {
                executable.load(FloatBuffer.allocate(BATCH * 3 * 8 * 8), new int[BATCH]);
                executable.forward();
            } catch (CudaFailure e) {
                failed = true;
            }
            CudaDoubles.assertClean();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 20, 100})
    void shouldTellThatAProcessCannotUseItsGpuAnyMore(int launches) {
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                DeviceBuffer momentum = device.allocate(network.layout().weightsLength());
                Executable executable = device.compile(network.graph(), CompileOptions.training(BATCH), buffers)) {
            CudaDoubles.failAfterLaunches(launches);
            for (int attempt = 0; attempt < 2; attempt++) {
                assertThatThrownBy(() -> {
                            iterate(device, buffers, momentum, executable);
                            iterate(device, buffers, momentum, executable);
                        })
                        .isInstanceOf(CudaFailure.class)
                        .matches(failure -> ((CudaFailure) failure).endsProcess());
            }
            CudaDoubles.reset(3);
        } catch (CudaFailure e) {
            // What the reset has forgotten cannot be closed.
            assertThat(e).isNotNull();
        }
    }

    @Test
    void shouldNameTheLayerWhoseCallFails() {
        CudaOptions tiny = new CudaOptions(false, false, 16);
        try (CudaDevice device = CudaDevice.open(0, tiny);
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout())) {
            assertThatThrownBy(() -> device.compile(network.graph(), CompileOptions.training(BATCH), buffers))
                    .isInstanceOf(CudaFailure.class)
                    .hasMessageContaining("a convolution (weights) at layer3.0.downsample.0")
                    .hasMessageContaining("workspace of 16 bytes");
        }
        CudaDoubles.assertClean();
    }

    @Test
    void shouldAllocateNothingInTheLoop() {
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                DeviceBuffer momentum = device.allocate(network.layout().weightsLength());
                Executable executable = device.compile(network.graph(), CompileOptions.training(BATCH), buffers)) {
            // There are two input buffers, made at first use.
            iterate(device, buffers, momentum, executable);
            iterate(device, buffers, momentum, executable);
            CudaDoubles.failAllocationsAfter(0);
            CudaDoubles.Held held = CudaDoubles.held();
            for (int i = 0; i < 200; i++) {
                iterate(device, buffers, momentum, executable);
            }
            assertThat(CudaDoubles.held()).isEqualTo(held);
        }
        CudaDoubles.assertClean();
    }

    private static void iterate(
            CudaDevice device, NetworkBuffers buffers, DeviceBuffer momentum, Executable executable) {
        buffers.gradients().clear();
        executable.load(FloatBuffer.allocate(BATCH * 3 * 8 * 8), new int[BATCH]);
        executable.forward();
        executable.backward(0.25, GradientListener.NONE);
        SgdUpdate update = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 1e-3, 0.9, 1, 1e-4, true);
        device.update(update, buffers, momentum, 0, momentum.elements());
    }

    /** One scale loses what is small, one all of it; between them the gradients do not depend on it, but for rounding. */
    @Test
    void shouldScaleTheGradientsOfSamplesInF16() {
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                Executable executable =
                        device.compile(network.graph(), CompileOptions.training(BATCH, DataType.F16), buffers)) {
            FloatBuffer weights =
                    FloatBuffer.allocate(Math.toIntExact(network.layout().weightsLength()));
            Initialization.initialize(
                    network,
                    1,
                    weights,
                    FloatBuffer.allocate(Math.toIntExact(network.layout().statisticsLength())));
            buffers.weights().upload(0, weights);

            float[] moderate = gradients(buffers, executable, 16);
            float[] large = gradients(buffers, executable, 1024);
            assertThat(device.isFinite(buffers.gradients(), 0, large.length)).isTrue();
            assertThat(norm(large, moderate)).isLessThan(1e-2 * norm(large, new float[large.length]));

            gradients(buffers, executable, LossScale.MOST);
            assertThat(device.isFinite(buffers.gradients(), 0, large.length)).isFalse();

            assertThat(gradients(buffers, executable, 1024)).containsExactly(large);
        }
        CudaDoubles.assertClean();
    }

    private static float[] gradients(NetworkBuffers buffers, Executable executable, double scale) {
        buffers.gradients().clear();
        Random random = new Random(7);
        FloatBuffer images = FloatBuffer.allocate(BATCH * 3 * 8 * 8);
        for (int i = 0; i < images.capacity(); i++) {
            images.put(i, (float) random.nextGaussian());
        }
        executable.scaleSamples(scale);
        executable.load(images, new int[BATCH]);
        executable.forward();
        executable.backward(1.0 / BATCH, GradientListener.NONE);
        float[] gradients = new float[Math.toIntExact(buffers.gradients().elements())];
        buffers.gradients().download(0, FloatBuffer.wrap(gradients));
        return gradients;
    }

    private static double norm(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (double) (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }

    @Test
    void shouldReleaseWhatWasLeftOpen() {
        CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
        NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
        device.mirror(buffers.gradients());
        device.compile(network.graph(), CompileOptions.training(BATCH), buffers);

        device.close();

        CudaDoubles.assertClean();
        assertThatThrownBy(() -> device.allocate(1)).hasMessageContaining("the device is closed");
    }

    @Test
    void shouldFindAGpuByItsNumberOrUuid() {
        CudaDevice.open("0", CudaOptions.DEFAULT).close();
        CudaDevice.open("GPU-d0000000-0000-0000-0000-000000000000", CudaOptions.DEFAULT)
                .close();

        assertThatThrownBy(() -> CudaDevice.open("GPU-d0000000-0000-0000-0000-00000000000f", CudaOptions.DEFAULT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sees 0 (GPU-d0000000-0000-0000-0000-000000000000)")
                .hasMessageContaining("CUDA_VISIBLE_DEVICES");
        CudaDoubles.assertClean();
    }

    @Test
    void shouldRefuseAnothersVectors() {
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT);
                CpuDevice other = CpuDevice.open(1);
                NetworkBuffers buffers = NetworkBuffers.allocate(other, network.layout())) {
            assertThatThrownBy(() -> device.compile(network.graph(), CompileOptions.training(BATCH), buffers))
                    .hasMessageContaining("another device");
        }
    }

    /** Else a call that the doubles lack would end the process. */
    @Test
    void shouldGetAnErrorFromWhatTheDoublesLack() {
        assertThat(cudart.cudaDeviceReset()).isEqualTo(801);
        assertThat(CudaDoubles.unexpectedCalls()).isEqualTo(1);
    }

    @Test
    void shouldSayWhatIsMissingWhereThereIsNoCuda() throws IOException, InterruptedException {
        ProcessBuilder builder = program(List.of());
        builder.environment().remove("LD_LIBRARY_PATH");

        assertThat(output(builder))
                .contains("libcuda.so.1: cannot open shared object file")
                .contains(
                        "not found: libcuda.so.1 libcudart.so.13 libcublas.so.13", "libcudnn_ops.so.9", "libnccl.so.2")
                .contains("driver 580 or later", "CUDA 13", "cuDNN 9", "NCCL 2.18")
                .contains("again: true");
    }

    /** CUDA's own compiler would refuse them, in words of its own. */
    @Test
    void shouldRefuseGpusThatAreTooOld() throws IOException, InterruptedException {
        String reason = "its compute capability is 7.0, and CUDA 13 compiles for 7.5 (Turing) and later";
        String linkPath = "org.bytedeco.javacpp.platform.linkpath";
        ProcessBuilder builder = program(List.of("-D" + linkPath + "=" + System.getProperty(linkPath)));
        builder.environment().put("SANDGLASS_CUDA_FIRST_CAPABILITY", "70");

        builder.environment().put("SANDGLASS_CUDA_DOUBLES", "1");
        assertThat(output(builder)).startsWith("GPU 0: " + reason);
        builder.environment().put("SANDGLASS_CUDA_DOUBLES", "2");
        assertThat(output(builder))
                .startsWith("none")
                .contains("Cannot open CUDA device 0 (test double without a GPU): " + reason);
    }

    private static ProcessBuilder program(List<String> options) {
        List<String> command =
                new ArrayList<>(List.of(new File(System.getProperty("java.home"), "bin/java").getPath()));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Refusal.class.getName()));
        return new ProcessBuilder(command).redirectErrorStream(true);
    }

    private static String output(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return output;
    }

    /** Prints why CUDA cannot be used, twice, or else why its first GPU cannot, in a process of its own. */
    static final class Refusal {
        private Refusal() {}

        public static void main(String[] arguments) {
            String reason = CudaDevice.refusal().orElse("none");
            System.out.println(reason);
            System.out.println("again: " + CudaDevice.refusal().orElse("none").equals(reason));
            if (CudaDevice.refusal().isEmpty()) {
                try {
                    CudaDevice.open(0, CudaOptions.DEFAULT).close();
                } catch (UnsupportedOperationException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }
}
