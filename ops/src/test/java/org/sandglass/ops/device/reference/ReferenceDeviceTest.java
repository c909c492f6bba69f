package org.sandglass.ops.device.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.function.BiFunction;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.tensor.Shape;

/** The oracle's forward pass against numbers worked out by hand. */
class ReferenceDeviceTest {

    private static final Offset<Double> EXACT = Offset.offset(1e-12);
    private static final float[] ONE_TO_NINE = {1, 2, 3, 4, 5, 6, 7, 8, 9};

    private final ReferenceDevice device = ReferenceDevice.open();

    /** One graph with its buffers; parameters are set by position in forward order. */
    private final class Fixture {
        private final Graph graph;
        private final NetworkBuffers buffers;

        Fixture(Shape input, BiFunction<Graph.Builder, Value, Value> body) {
            Graph.Builder builder = new Graph.Builder(input);
            Value output = body.apply(builder, builder.input());
            graph = builder.build();
            assertThat(graph.output()).isEqualTo(output);
            buffers = NetworkBuffers.allocate(device, new FlatLayout(graph));
        }

        Fixture with(int index, float... values) {
            Parameter parameter = graph.parameters().get(index);
            buffers.weights().upload(buffers.layout().weightOffset(parameter), FloatBuffer.wrap(values));
            return this;
        }

        ReferenceExecutable run(CompileOptions options, float[] images, int... labels) {
            ReferenceExecutable executable = device.compile(graph, options, buffers);
            executable.load(FloatBuffer.wrap(images), labels);
            executable.forward();
            return executable;
        }

        double[] output(int batchSize, float... images) {
            return run(CompileOptions.training(batchSize), images, new int[batchSize])
                    .output();
        }
    }

    @Test
    void shouldCorrelateWithoutFlippingTheKernel() {
        Fixture fixture =
                new Fixture(Shape.of(1, 3, 3), (g, x) -> g.convolution("c", x, 1, 2, 1, 0)).with(0, 1, 2, 3, 4);

        assertThat(fixture.output(1, ONE_TO_NINE)).containsExactly(37, 47, 67, 77);
    }

    @Test
    void shouldPadWithZerosAndStride() {
        Fixture fixture =
                new Fixture(Shape.of(1, 3, 3), (g, x) -> g.convolution("c", x, 1, 2, 2, 1)).with(0, 1, 2, 3, 4);

        assertThat(fixture.output(1, ONE_TO_NINE)).containsExactly(4, 18, 36, 77);
    }

    @Test
    void shouldSumOverInputChannelsForEachOutputChannel() {
        Fixture fixture =
                new Fixture(Shape.of(2, 1, 2), (g, x) -> g.convolution("c", x, 2, 1, 1, 0)).with(0, 1, 10, -1, 2);

        assertThat(fixture.output(2, 1, 2, 3, 4, 5, 6, 7, 8)).containsExactly(31, 42, 5, 6, 75, 86, 9, 10);
    }

    @Test
    void shouldNormaliseWithTheBiasedVarianceAndReportTheUnbiasedOne() {
        Fixture fixture = new Fixture(Shape.of(1, 1, 2), (g, x) -> g.batchNorm("b", x))
                .with(0, 2)
                .with(1, 10);

        double[] output = fixture.output(2, 1, 3, 5, 7);

        double deviation = Math.sqrt(5 + 1e-5);
        assertThat(output[0]).isCloseTo(10 - 2 * 3 / deviation, EXACT);
        assertThat(output[3]).isCloseTo(10 + 2 * 3 / deviation, EXACT);
        FloatBuffer gradients = ReferenceBuffer.memory(fixture.buffers.gradients());
        assertThat(gradients.get(FlatLayout.COUNTERS)).isEqualTo(4);
        assertThat(gradients.get(FlatLayout.COUNTERS + 16)).isEqualTo(20 / 3f);
    }

    @Test
    void shouldEvaluateWithRunningStatistics() {
        Fixture fixture = new Fixture(Shape.of(1, 1, 2), (g, x) -> g.batchNorm("b", x))
                .with(0, 2)
                .with(1, 10);
        fixture.buffers.statistics().upload(0, FloatBuffer.wrap(new float[] {3}));
        fixture.buffers.statistics().upload(16, FloatBuffer.wrap(new float[] {4}));

        double[] output =
                fixture.run(CompileOptions.evaluation(1), new float[] {3, 7}, 0).output();

        assertThat(output[0]).isCloseTo(10, EXACT);
        assertThat(output[1]).isCloseTo(10 + 2 * 4 / Math.sqrt(4 + 1e-5), EXACT);
    }

    @Test
    void shouldNeverLetPaddingWinTheMaximum() {
        Fixture fixture = new Fixture(Shape.of(1, 2, 2), (g, x) -> g.maxPool(x, 3, 2, 1));

        assertThat(fixture.output(1, -5, -4, -3, -2)).containsExactly(-2);
    }

    @Test
    void shouldPoolOverWindowsThatOverlap() {
        Fixture fixture = new Fixture(Shape.of(1, 3, 3), (g, x) -> g.maxPool(x, 2, 1, 0));

        assertThat(fixture.output(1, 9, 1, 2, 3, 4, 8, 7, 6, 5)).containsExactly(9, 8, 7, 8);
    }

    @Test
    void shouldAddClampAverageAndApplyTheLinearLayer() {
        Fixture fixture = new Fixture(Shape.of(2, 1, 2), (g, x) -> {
                    Value sum = g.add(g.relu(x), x);
                    return g.linear("fc", g.globalAveragePool(sum), 1);
                })
                .with(0, 1, 10)
                .with(1, 0.5f);

        assertThat(fixture.output(1, 1, -3, 2, 4)).containsExactly((2 - 3) / 2.0 + 10 * 6 + 0.5);
    }

    @Test
    void shouldComputeSoftmaxCrossEntropyInNats() {
        Fixture fixture = new Fixture(Shape.of(1), (g, x) -> g.linear("fc", x, 2)).with(1, 0, (float) Math.log(3));

        double loss = fixture.run(CompileOptions.training(3), new float[3], 1, 0, -1)
                .result()
                .lossSum();

        assertThat(loss).isCloseTo(Math.log(4.0 / 3) + Math.log(4), Offset.offset(1e-7));
    }
}
