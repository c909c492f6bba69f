package org.sandglass.ops.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.StepTime;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.DataType;

class StepProfileTest {
    private static final int BATCH = 4;

    private final Network network = ResNet.of("cifar-resnet8", 10, 16, false);
    private final CpuDevice device = CpuDevice.open(1);
    private final NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void shouldTimeEveryConvolutionInItsThreeDirections() {
        Executable executable = device.compile(network.graph(), CompileOptions.training(BATCH), buffers);
        executable.load(FloatBuffer.allocate(BATCH * 3 * 16 * 16), new int[BATCH]);

        List<StepTime> times = executable.profile(3);

        assertThat(times).allSatisfy(time -> assertThat(time.seconds()).isNotNegative());
        // The first layer needs no gradient of its input.
        assertThat(count(times, "convolution")).isEqualTo(9);
        assertThat(count(times, "convolution weights")).isEqualTo(9);
        assertThat(count(times, "convolution data")).isEqualTo(8);
        StepTime first = times.stream()
                .filter(time -> time.kind().equals("convolution"))
                .findFirst()
                .orElseThrow();
        assertThat(first.layer()).isEqualTo("conv1");
        assertThat(first.phase()).isEqualTo(StepTime.Phase.FORWARD);
        assertThat(first.flops()).isEqualTo(2.0 * BATCH * 16 * 16 * 16 * 3 * 9);
        assertThat(first.seconds()).isPositive();
    }

    private static long count(List<StepTime> times, String kind) {
        return times.stream().filter(time -> time.kind().equals(kind)).count();
    }

    @Test
    void shouldPlanMoreMemoryForLargerBatches() {
        Executable small = device.compile(network.graph(), CompileOptions.training(2), buffers);
        Executable large = device.compile(network.graph(), CompileOptions.training(32), buffers);

        assertThat(small.plannedBytes()).isPositive();
        assertThat(large.plannedBytes()).isGreaterThan(4 * small.plannedBytes());
    }

    @Test
    void shouldRefuseToProfileNoRepetition() {
        Executable executable = device.compile(network.graph(), CompileOptions.evaluation(1), buffers);
        assertThatThrownBy(() -> executable.profile(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldMeasureThePeak() {
        assertThat(device.matmulPeak(DataType.F32)).isGreaterThan(1e9);
    }
}
