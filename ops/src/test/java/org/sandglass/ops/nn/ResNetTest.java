package org.sandglass.ops.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.tensor.Shape;

class ResNetTest {

    /** Counts of torchvision's networks with 1000 classes. */
    @ParameterizedTest
    @CsvSource({
        "resnet18, 11689512",
        "resnet34, 21797672",
        "resnet50, 25557032",
        "resnet101, 44549160",
        "resnet152, 60192808"
    })
    void shouldHaveTheParametersOfTheImageNetNetworks(String model, long expected) {
        assertThat(ResNet.of(model, 1000, 224, true).parameterCount()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"8, 1", "14, 2", "20, 3", "32, 5", "44, 7", "56, 9", "110, 18"})
    void shouldHaveTheParametersOfTheCifarNetworks(int depth, int n) {
        Network network = ResNet.of("cifar-resnet" + depth, 10, 32, true);

        assertThat(network.parameterCount()).isEqualTo(cifarParameters(n));
        assertThat(layers(network)).isEqualTo(depth);
    }

    /** From the table of He et al., section 4.2, with projections. */
    private static long cifarParameters(int n) {
        long count = 3 * 16 * 9 + 2 * 16;
        for (long channels : new long[] {16, 32, 64}) {
            count += 2L * n * (9 * channels * channels + 2 * channels);
            if (channels > 16) {
                count += -9 * channels * channels / 2 + channels * channels / 2 + 2 * channels;
            }
        }
        return count + 64 * 10 + 10;
    }

    private static long layers(Network network) {
        return network.graph().parameters().stream()
                .filter(parameter -> parameter.shape().rank() > 1)
                .filter(parameter -> !parameter.name().contains("downsample"))
                .count();
    }

    @Test
    void shouldStrideInThe3x3ConvolutionOfABottleneck() {
        List<String> strided = ResNet.of("resnet50", 1000, 224, true).graph().operations().stream()
                .filter(operation -> operation instanceof Operation.Convolution c && c.stride() == 2)
                .map(operation -> ((Operation.Convolution) operation).weight().name())
                .toList();

        assertThat(strided)
                .containsExactly(
                        "conv1.weight",
                        "layer2.0.conv2.weight",
                        "layer2.0.downsample.0.weight",
                        "layer3.0.conv2.weight",
                        "layer3.0.downsample.0.weight",
                        "layer4.0.conv2.weight",
                        "layer4.0.downsample.0.weight");
    }

    @Test
    void shouldHalveTheResolutionAsTheTableSays() {
        List<Shape> shapes = ResNet.of("resnet50", 1000, 224, true).graph().operations().stream()
                .filter(operation -> operation instanceof Operation.Add || operation instanceof Operation.MaxPool)
                .map(Operation::output)
                .map(Value::shape)
                .distinct()
                .toList();

        assertThat(shapes)
                .containsExactly(
                        Shape.of(64, 56, 56),
                        Shape.of(256, 56, 56),
                        Shape.of(512, 28, 28),
                        Shape.of(1024, 14, 14),
                        Shape.of(2048, 7, 7));
    }

    @ParameterizedTest
    @CsvSource({"resnet18, bn2, 8", "resnet50, bn3, 16", "resnet152, bn3, 50", "cifar-resnet20, bn2, 9"})
    void shouldStartTheLastBatchNormOfEachBlockAtZero(String model, String norm, int blocks) {
        Network network = ResNet.of(model, 10, 64, true);

        assertThat(network.zeroScales()).hasSize(blocks).allSatisfy(scale -> assertThat(scale.name())
                .matches("layer\\d\\.\\d+\\." + norm + "\\.weight"));
        assertThat(ResNet.of(model, 10, 64, false).zeroScales()).isEmpty();
    }

    @Test
    void shouldNameParametersAsTorchvisionDoes() {
        List<String> names = ResNet.of("resnet18", 1000, 224, true).graph().parameters().stream()
                .map(Parameter::name)
                .toList();

        assertThat(names).hasSize(62).doesNotHaveDuplicates();
        assertThat(names.subList(0, 4))
                .containsExactly("conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.conv1.weight");
        assertThat(names)
                .contains("layer2.0.downsample.0.weight", "layer2.0.downsample.1.weight", "layer2.0.downsample.1.bias")
                .endsWith("layer4.1.bn2.bias", "fc.weight", "fc.bias");
        assertThat(names.stream().filter(name -> name.contains("downsample")).collect(Collectors.toSet()))
                .allSatisfy(name -> assertThat(name).matches("layer[234]\\.0\\..*"));
    }

    @Test
    void shouldNameTheNearestModel() {
        assertThatThrownBy(() -> ResNet.of("resnet-50", 10, 32, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("resnet-50")
                .hasMessageContaining("nearest: resnet50;");
        assertThatThrownBy(() -> ResNet.of("cifar-resnet21", 10, 32, true)).hasMessageContaining("cifar-resnet20;");
    }

    @Test
    void shouldBuildEveryModelThatItLists() {
        assertThat(ResNet.models()).hasSize(12).allSatisfy(model -> assertThat(
                        ResNet.of(model, 3, 64, true).inputShape())
                .isEqualTo(Shape.of(3, 64, 64)));
    }
}
