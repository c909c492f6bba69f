package org.sandglass.ops.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.sandglass.ops.tensor.NamedTensor;

class InitializationTest {

    private static final Network RESNET18 = ResNet.of("resnet18", 1000, 64, true);

    private static FloatBuffer weights(Network network, long seed) {
        FloatBuffer weights = FloatBuffer.allocate((int) network.layout().weightsLength());
        Initialization.initialize(network, seed, weights, statistics(network));
        return weights;
    }

    private static FloatBuffer statistics(Network network) {
        return FloatBuffer.allocate((int) network.layout().statisticsLength());
    }

    private static Function<String, double[]> tensors(Network network, long seed) {
        FloatBuffer statistics = statistics(network);
        FloatBuffer weights = FloatBuffer.allocate((int) network.layout().weightsLength());
        Initialization.initialize(network, seed, weights, statistics);
        List<NamedTensor> tensors = NetworkState.model(network, weights, statistics);
        return name -> values(tensors.stream()
                .filter(tensor -> tensor.name().equals(name))
                .findFirst()
                .orElseThrow()
                .values());
    }

    private static double[] values(FloatBuffer buffer) {
        return IntStream.range(0, buffer.remaining()).mapToDouble(buffer::get).toArray();
    }

    private static double deviation(double... values) {
        return Math.sqrt(IntStream.range(0, values.length)
                .mapToDouble(i -> values[i] * values[i])
                .average()
                .orElseThrow());
    }

    @Test
    void shouldScaleWeightsByFanOut() {
        Function<String, double[]> tensors = tensors(RESNET18, 1);

        assertThat(deviation(tensors.apply("layer4.0.conv1.weight")))
                .isCloseTo(Math.sqrt(2.0 / (512 * 9)), Percentage.withPercentage(1));
        assertThat(deviation(tensors.apply("layer4.0.downsample.0.weight")))
                .isCloseTo(Math.sqrt(2.0 / 512), Percentage.withPercentage(2));
        assertThat(deviation(tensors.apply("conv1.weight")))
                .isCloseTo(Math.sqrt(2.0 / (64 * 49)), Percentage.withPercentage(3));
        assertThat(deviation(tensors.apply("fc.weight"))).isCloseTo(0.01, Percentage.withPercentage(1));
    }

    @Test
    void shouldDrawNormalNumbers() {
        double[] weight = tensors(RESNET18, 2).apply("layer4.1.conv2.weight");
        double deviation = deviation(weight);
        Function<Double, Double> within = bound -> IntStream.range(0, weight.length)
                .mapToDouble(i -> Math.abs(weight[i]) < bound * deviation ? 1 : 0)
                .average()
                .orElseThrow();

        assertThat(within.apply(1.0)).isCloseTo(0.6827, Percentage.withPercentage(1));
        assertThat(within.apply(2.0)).isCloseTo(0.9545, Percentage.withPercentage(1));
        assertThat(IntStream.range(0, weight.length)
                        .mapToDouble(i -> weight[i])
                        .average()
                        .orElseThrow())
                .isBetween(-0.01 * deviation, 0.01 * deviation);
    }

    @Test
    void shouldStartBatchNormAtTheIdentityAndTheLastOfABlockAtZero() {
        Function<String, double[]> tensors = tensors(RESNET18, 3);

        assertThat(tensors.apply("bn1.weight")).containsOnly(1);
        assertThat(tensors.apply("layer1.0.bn1.weight")).containsOnly(1);
        assertThat(tensors.apply("layer1.0.bn2.weight")).containsOnly(0);
        assertThat(tensors.apply("layer2.0.downsample.1.weight")).containsOnly(1);
        assertThat(tensors.apply("layer1.0.bn2.bias")).containsOnly(0);
        assertThat(tensors.apply("fc.bias")).containsOnly(0);
        assertThat(tensors.apply("bn1.running_mean")).containsOnly(0);
        assertThat(tensors.apply("layer4.1.bn2.running_var")).containsOnly(1);
    }

    @Test
    void shouldDependOnTheSeedAndOnTheParametersName() {
        Network network = ResNet.of("cifar-resnet20", 10, 32, true);

        assertThat(weights(network, 5)).isEqualTo(weights(network, 5)).isNotEqualTo(weights(network, 6));
        Function<String, double[]> tensors = tensors(network, 5);
        assertThat(tensors.apply("layer1.0.conv1.weight")).isNotEqualTo(tensors.apply("layer1.0.conv2.weight"));
    }

    /** Written down once: whoever changes them changes the start of every run of every seed. */
    @Test
    void shouldStartWhereItStartedYesterday() {
        double[] weight = tensors(ResNet.of("cifar-resnet8", 10, 32, true), 0).apply("conv1.weight");

        assertThat(new double[] {weight[0], weight[1], weight[2]})
                .containsExactly(-0.17645514f, -0.13623680f, 0.10785552f);
    }

    @Test
    void shouldLeaveZerosInTheGapsAndPositionsAlone() {
        Network network = ResNet.of("cifar-resnet8", 3, 16, true);
        FloatBuffer weights = FloatBuffer.allocate((int) network.layout().weightsLength() + 5);
        java.util.Arrays.fill(weights.array(), 7);
        weights.position(5);

        Initialization.initialize(network, 1, weights, statistics(network));

        assertThat(weights.position()).isEqualTo(5);
        assertThat(weights.get(4)).isEqualTo(7);
        int biasEnd = 5 + 3;
        assertThat(java.util.Arrays.copyOfRange(weights.array(), biasEnd, biasEnd + 13))
                .containsOnly(0);
    }

    @Test
    void shouldRefuseVectorsOfAnotherLength() {
        assertThatThrownBy(() -> Initialization.initialize(RESNET18, 1, FloatBuffer.allocate(3), statistics(RESNET18)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("weights")
                .hasMessageContaining("3 elements, not " + RESNET18.layout().weightsLength());
    }
}
