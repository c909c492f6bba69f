package org.sandglass.ops.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.tensor.DataType;
import org.sandglass.ops.tensor.Shape;

class CpuDeviceTest {
    private final CpuDevice device = CpuDevice.open(1);

    @AfterEach
    void close() {
        device.close();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 3, 1, 10, 1, 1, 0",
        "2, 3, 9, 16, 3, 1, 1",
        "3, 5, 7, 6, 3, 2, 1",
        "2, 16, 8, 32, 3, 2, 1",
        "2, 16, 8, 32, 1, 2, 0",
        "2, 3, 18, 8, 7, 2, 3",
        "1, 40, 4, 24, 3, 1, 1"
    })
    void shouldConvolveAsTheDefinitionSays(
            int batch, int channels, int size, int filters, int kernel, int stride, int padding) {
        Graph.Builder builder = new Graph.Builder(Shape.of(channels, size, size));
        Value output = builder.convolution("conv", builder.input(), filters, kernel, stride, padding);
        try (Network network = new Network(device, builder.build(), 1)) {
            Executable executable =
                    network.compile(new CompileOptions(CompileOptions.Mode.TRAINING, batch, DataType.F32, true));
            float[] images = random(batch * channels * size * size, 2);
            executable.load(FloatBuffer.wrap(images), new int[batch]);
            executable.forward();
            float[] actual = new float[(int) (batch * output.shape().elements())];
            executable.output(FloatBuffer.wrap(actual));
            float[] gradient = random(actual.length, 3);
            executable.backwardFrom(FloatBuffer.wrap(gradient), GradientListener.NONE);
            float[] inputGradient = new float[images.length];
            executable.inputGradient(FloatBuffer.wrap(inputGradient));

            float[] weight = network.weight("conv.weight");
            NaiveConvolution naive = new NaiveConvolution(channels, size, filters, kernel, stride, padding);
            assertClose(actual, naive.forward(batch, images, weight));
            assertClose(inputGradient, naive.inputGradient(batch, gradient, weight));
            assertClose(network.gradient("conv.weight"), naive.weightGradient(batch, images, gradient));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void shouldComputeTheGradientOfAResidualNetwork(int batch) {
        try (Network network = new Network(device, residual(3, 6, 20, 10), 4)) {
            Executable executable = network.compile(CompileOptions.training(batch));
            float[] images = random(batch * 3 * 6 * 6, 5);
            int[] labels = new Random(6).ints(batch, 0, 10).toArray();
            executable.load(FloatBuffer.wrap(images), labels);
            executable.forward();
            executable.backward(0.5, GradientListener.NONE);
            for (Parameter parameter : network.layout.parameters()) {
                float[] gradient = network.gradient(parameter.name());
                // Along the gradient itself, where the difference stands out most from rounding.
                double norm = Math.sqrt(dot(gradient, gradient));
                double step = 1e-2 / Math.max(norm, 1);
                double ahead = network.lossAfterMoving(executable, parameter, gradient, step);
                double behind = network.lossAfterMoving(executable, parameter, gradient, -step);
                double slope = 0.5 * (ahead - behind) / (2 * step);
                assertThat(slope).as(parameter.name()).isCloseTo(norm * norm, within(0.03 * norm * norm + 1e-4));
            }
        }
    }

    @Test
    void shouldAddGradientsAndStatisticsOfEachBatch() {
        try (Network network = new Network(device, residual(3, 4, 16, 10), 7)) {
            Executable executable = network.compile(CompileOptions.training(4));
            network.step(executable, 8);
            float[] once = network.gradients();
            network.step(executable, 8);
            float[] twice = network.gradients();
            for (int i = 0; i < once.length; i++) {
                assertThat(twice[i]).isEqualTo(2 * once[i]);
            }
        }
    }

    @Test
    void shouldReportMeanAndUnbiasedVarianceOfTheBatch() {
        Graph.Builder builder = new Graph.Builder(Shape.of(3, 2, 2));
        builder.batchNorm("bn", builder.input());
        try (Network network = new Network(device, builder.build(), 1)) {
            Executable executable = network.compile(CompileOptions.training(2));
            float[] images = random(24, 2);
            executable.load(FloatBuffer.wrap(images), new int[2]);
            executable.forward();
            float[] gradients = network.gradients();
            for (int c = 0; c < 3; c++) {
                int channel = c;
                double[] values = java.util.stream.IntStream.range(0, 24)
                        .filter(i -> i / 4 % 3 == channel)
                        .mapToDouble(i -> images[i])
                        .toArray();
                double mean = Arrays.stream(values).average().orElseThrow();
                double variance =
                        Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1);
                assertThat((double) gradients[FlatLayout.COUNTERS + c]).isCloseTo(mean, within(1e-5));
                assertThat((double) gradients[FlatLayout.COUNTERS + 16 + c]).isCloseTo(variance, within(1e-5));
            }
        }
    }

    @Test
    void shouldNormaliseWithRunningStatisticsInEvaluation() {
        Graph.Builder builder = new Graph.Builder(Shape.of(2, 1, 1));
        builder.relu(builder.batchNorm("bn", builder.input()));
        try (Network network = new Network(device, builder.build(), 1)) {
            network.set(network.buffers.weights(), 0, 3, 0.5f); // shifts
            network.set(network.buffers.weights(), 16, 2, 2); // scales
            network.set(network.buffers.statistics(), 0, 1, 1);
            network.set(network.buffers.statistics(), 16, 4, 4);
            Executable executable = network.compile(CompileOptions.evaluation(1));
            executable.load(FloatBuffer.wrap(new float[] {5, -3}), new int[1]);
            executable.forward();
            float[] output = new float[2];
            executable.output(FloatBuffer.wrap(output));
            assertThat(output[0]).isCloseTo(2 * 4 / 2f + 3, within(1e-4f));
            assertThat(output[1]).isZero();
        }
    }

    @Test
    void shouldNameParametersInTheLayoutsOrder() {
        try (Network network = new Network(device, residual(3, 6, 16, 10), 4)) {
            Executable executable = network.compile(CompileOptions.training(2));
            executable.load(FloatBuffer.wrap(random(2 * 108, 1)), new int[2]);
            executable.forward();
            List<Parameter> ready = new ArrayList<>();
            executable.backward(1, ready::add);
            assertThat(ready).isEqualTo(network.layout.parameters());
        }
    }

    @Test
    void shouldCountRanksWithTiesAndLeaveOutNegativeLabels() {
        Graph.Builder builder = new Graph.Builder(Shape.of(6));
        builder.relu(builder.input());
        try (Network network = new Network(device, builder.build(), 1)) {
            Executable executable =
                    network.compile(new CompileOptions(CompileOptions.Mode.TRAINING, 4, DataType.F32, true));
            float[] logits = {
                1, 1, 0, 0, 0, 0, //
                1, 1, 0, 0, 0, 0, //
                9, 8, 7, 6, 5, 4, //
                1, 2, 3, 4, 5, 6
            };
            executable.load(FloatBuffer.wrap(logits), new int[] {0, 1, 5, -1});
            executable.forward();
            BatchResult result = executable.result();
            assertThat(result.top1()).isEqualTo(1);
            assertThat(result.top5()).isEqualTo(2);
            executable.backward(1, GradientListener.NONE);
            float[] gradient = new float[24];
            executable.inputGradient(FloatBuffer.wrap(gradient));
            assertThat(Arrays.copyOfRange(gradient, 18, 24)).containsOnly(0f);
            double sum = 2 * Math.E + 4;
            assertThat((double) gradient[0]).isCloseTo(Math.E / sum - 1, within(1e-6));
        }
    }

    @Test
    void shouldTrainATinyNetwork() {
        try (Network network = new Network(device, residual(3, 8, 16, 10), 9)) {
            Executable executable = network.compile(CompileOptions.training(16));
            var momentum = device.allocate(network.layout.weightsLength());
            SgdUpdate update = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 0.05, 0.9, 1, 1e-4, true);
            double first = network.step(executable, 10).lossSum();
            double last = first;
            for (int i = 0; i < 30; i++) {
                device.update(update, network.buffers, momentum, 0, network.layout.weightsLength());
                network.buffers.gradients().clear();
                last = network.step(executable, 10).lossSum();
            }
            assertThat(last).isLessThan(first / 4);
        }
    }

    @Test
    void shouldShareMemoryAmongExecutablesOfSeveralBatchSizes() {
        try (Network network = new Network(device, residual(3, 8, 16, 10), 9)) {
            Executable small = network.compile(CompileOptions.training(2));
            double alone = network.step(small, 11).lossSum();
            float[] gradients = network.gradients();
            Executable large = network.compile(CompileOptions.training(9));
            network.step(large, 12);
            network.buffers.gradients().clear();
            assertThat(network.step(small, 11).lossSum()).isEqualTo(alone);
            assertThat(network.gradients()).isEqualTo(gradients);
        }
    }

    @Test
    void shouldReleaseAllNativeObjectsWhenClosed() {
        long before = Pointer.totalCount();
        CpuDevice other = CpuDevice.open(1);
        Graph graph = residual(3, 8, 16, 10);
        NetworkBuffers buffers = NetworkBuffers.allocate(other, new FlatLayout(graph));
        Executable executable = other.compile(graph, CompileOptions.training(2), buffers);
        executable.load(FloatBuffer.allocate(2 * 192), new int[2]);
        executable.forward();
        assertThat(Pointer.totalCount()).isGreaterThan(before);
        other.close();
        assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        assertThatThrownBy(executable::forward).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldRefuseToRunOnBuffersThatWereClosed() {
        Network network = new Network(device, residual(3, 8, 16, 10), 9);
        Executable executable = network.compile(CompileOptions.training(2));
        network.close();
        assertThatThrownBy(executable::forward)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("released");
    }

    @Test
    void shouldComputeTheSameOnSeveralDevicesAtOnce() {
        float[] alone = gradientsOnADeviceOfItsOwn();
        List<CompletableFuture<float[]>> together = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            together.add(CompletableFuture.supplyAsync(CpuDeviceTest::gradientsOnADeviceOfItsOwn));
        }
        assertThat(together)
                .allSatisfy(gradients -> assertThat(gradients.join()).isEqualTo(alone));
    }

    private static float[] gradientsOnADeviceOfItsOwn() {
        try (CpuDevice own = CpuDevice.open(1);
                Network network = new Network(own, residual(3, 8, 16, 10), 9)) {
            Executable executable = network.compile(CompileOptions.training(4));
            network.step(executable, 3);
            network.step(executable, 4);
            return network.gradients();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void shouldAgreeWithOneThreadWhenItUsesMore(int threads) {
        try (CpuDevice parallel = CpuDevice.open(threads);
                Network one = new Network(device, residual(3, 8, 16, 10), 9);
                Network more = new Network(parallel, residual(3, 8, 16, 10), 9)) {
            one.step(one.compile(CompileOptions.training(4)), 3);
            Executable executable = more.compile(CompileOptions.training(4));
            more.step(executable, 3);
            float[] gradients = more.gradients();
            assertClose(gradients, one.gradients());
            more.buffers.gradients().clear();
            more.step(executable, 3);
            assertThat(more.gradients()).isEqualTo(gradients);
        }
    }

    @Test
    void shouldRefuseWhatItCannotDo() {
        try (Network network = new Network(device, residual(3, 8, 16, 10), 9)) {
            assertThatThrownBy(() ->
                            network.compile(new CompileOptions(CompileOptions.Mode.TRAINING, 1, DataType.F16, false)))
                    .isInstanceOf(UnsupportedOperationException.class);
            Executable executable = network.compile(CompileOptions.training(2));
            assertThatThrownBy(() -> executable.backward(1, GradientListener.NONE))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("forward");
            assertThatThrownBy(() -> executable.load(FloatBuffer.allocate(2 * 192), new int[] {1, 10}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("label 10");
        }
    }

    @Test
    void shouldDescribeItself() {
        assertThat(device.description()).contains("oneDNN").endsWith("threads: 1");
    }

    private static Graph residual(int channels, int size, int width, int classes) {
        Graph.Builder b = new Graph.Builder(Shape.of(channels, size, size));
        Value stem = b.relu(b.batchNorm("bn1", b.convolution("conv1", b.input(), width, 3, 1, 1)));
        Value pooled = b.maxPool(stem, 3, 1, 1);
        Value branch = b.relu(b.batchNorm("a.bn1", b.convolution("a.conv1", pooled, width, 3, 1, 1)));
        Value sum = b.relu(b.add(b.batchNorm("a.bn2", b.convolution("a.conv2", branch, width, 3, 1, 1)), pooled));
        Value narrow = b.relu(b.batchNorm("b.bn1", b.convolution("b.conv1", sum, 2 * width, 3, 2, 1)));
        Value deep = b.batchNorm("b.bn2", b.convolution("b.conv2", narrow, 2 * width, 3, 1, 1));
        Value shortcut = b.batchNorm("b.down.1", b.convolution("b.down.0", sum, 2 * width, 1, 2, 0));
        b.linear("fc", b.globalAveragePool(b.relu(b.add(deep, shortcut))), classes);
        return b.build();
    }

    private static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    private static float[] random(int length, long seed) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void assertClose(float[] actual, float[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        double difference = 0;
        for (int i = 0; i < actual.length; i++) {
            difference += Math.pow(actual[i] - expected[i], 2);
        }
        assertThat(Math.sqrt(difference)).isLessThan(1e-5 * Math.sqrt(dot(expected, expected)) + 1e-6);
    }

    /** A graph's buffers with random weights. */
    private static final class Network implements AutoCloseable {
        private final CpuDevice device;
        private final Graph graph;
        private final FlatLayout layout;
        private final NetworkBuffers buffers;

        Network(CpuDevice device, Graph graph, long seed) {
            this.device = device;
            this.graph = graph;
            layout = new FlatLayout(graph);
            buffers = NetworkBuffers.allocate(device, layout);
            for (Parameter parameter : layout.parameters()) {
                int fanIn =
                        (int) (parameter.shape().elements() / parameter.shape().dimension(0));
                float[] values = random(
                        (int) parameter.shape().elements(),
                        seed + parameter.name().hashCode());
                for (int i = 0; i < values.length; i++) {
                    values[i] = fanIn == 1 && parameter.role() == Parameter.Role.BATCH_NORM_SCALE
                            ? 1 + 0.1f * values[i]
                            : values[i] * (float) Math.sqrt(2.0 / Math.max(fanIn, 10));
                }
                buffers.weights().upload(layout.weightOffset(parameter), FloatBuffer.wrap(values));
            }
        }

        Executable compile(CompileOptions options) {
            return device.compile(graph, options, buffers);
        }

        BatchResult step(Executable executable, long seed) {
            int batch = executable.options().batchSize();
            float[] images = random((int) (batch * graph.input().shape().elements()), seed);
            int[] labels = new Random(seed).ints(batch, 0, 10).toArray();
            executable.load(FloatBuffer.wrap(images), labels);
            executable.forward();
            BatchResult result = executable.result();
            executable.backward(1.0 / batch, GradientListener.NONE);
            return result;
        }

        double lossAfterMoving(Executable executable, Parameter parameter, float[] direction, double step) {
            float[] original = weight(parameter.name());
            float[] moved = original.clone();
            for (int i = 0; i < moved.length; i++) {
                moved[i] += (float) (step * direction[i]);
            }
            buffers.weights().upload(layout.weightOffset(parameter), FloatBuffer.wrap(moved));
            executable.forward();
            double loss = executable.result().lossSum();
            buffers.weights().upload(layout.weightOffset(parameter), FloatBuffer.wrap(original));
            return loss;
        }

        void set(org.sandglass.ops.device.DeviceBuffer buffer, long offset, float... values) {
            buffer.upload(offset, FloatBuffer.wrap(values));
        }

        float[] weight(String name) {
            Parameter parameter = parameter(name);
            return read(
                    buffers.weights(),
                    layout.weightOffset(parameter),
                    parameter.shape().elements());
        }

        float[] gradient(String name) {
            Parameter parameter = parameter(name);
            return read(
                    buffers.gradients(),
                    layout.gradientOffset(parameter),
                    parameter.shape().elements());
        }

        float[] gradients() {
            return read(buffers.gradients(), 0, layout.gradientLength());
        }

        private float[] read(org.sandglass.ops.device.DeviceBuffer buffer, long offset, long length) {
            float[] values = new float[(int) length];
            buffer.download(offset, FloatBuffer.wrap(values));
            return values;
        }

        private Parameter parameter(String name) {
            return layout.parameters().stream()
                    .filter(parameter -> parameter.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }

        @Override
        public void close() {
            buffers.close();
        }
    }
}
