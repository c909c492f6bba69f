package org.sandglass.ops.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

class NetworkStateTest {

    private static final Network NETWORK = ResNet.of("cifar-resnet8", 10, 32, true);

    private final FloatBuffer weights =
            FloatBuffer.allocate((int) NETWORK.layout().weightsLength());
    private final FloatBuffer statistics =
            FloatBuffer.allocate((int) NETWORK.layout().statisticsLength());

    private static Map<String, NamedTensor> byName(List<NamedTensor> tensors) {
        Map<String, NamedTensor> named = new LinkedHashMap<>();
        tensors.forEach(tensor -> named.put(tensor.name(), tensor));
        return named;
    }

    private Map<String, NamedTensor> initialized() {
        Initialization.initialize(NETWORK, 9, weights, statistics);
        return byName(NetworkState.model(NETWORK, weights, statistics));
    }

    @Test
    void shouldNameTensorsInTheOrderOfAStateDictionary() {
        List<String> names = List.copyOf(initialized().keySet());

        assertThat(names)
                .startsWith("conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var")
                .containsSubsequence(
                        "layer2.0.bn2.running_var",
                        "layer2.0.downsample.0.weight",
                        "layer2.0.downsample.1.weight",
                        "layer2.0.downsample.1.bias",
                        "layer2.0.downsample.1.running_mean",
                        "layer2.0.downsample.1.running_var",
                        "layer3.0.conv1.weight")
                .endsWith("fc.weight", "fc.bias");
        assertThat(names).hasSize(9 * 5 + 2);
    }

    @Test
    void shouldRestoreWhatItGaveOut() {
        Map<String, NamedTensor> tensors = initialized();
        FloatBuffer restoredWeights = FloatBuffer.allocate(weights.capacity());
        FloatBuffer restoredStatistics = FloatBuffer.allocate(statistics.capacity());

        NetworkState.restoreModel(NETWORK, tensors, restoredWeights, restoredStatistics);

        assertThat(restoredWeights).isEqualTo(weights);
        assertThat(restoredStatistics).isEqualTo(statistics);
    }

    @Test
    void shouldRestoreMomentumUnderTheParametersNames() {
        Initialization.initialize(NETWORK, 10, weights, statistics);
        Map<String, NamedTensor> tensors = byName(NetworkState.momentum(NETWORK, weights));
        FloatBuffer restored = FloatBuffer.allocate(weights.capacity());

        NetworkState.restoreMomentum(NETWORK, tensors, restored);

        assertThat(restored).isEqualTo(weights);
        assertThat(tensors).containsKeys("conv1.weight", "bn1.bias").doesNotContainKey("bn1.running_mean");
    }

    @Test
    void shouldGiveOutReadOnlyViews() {
        Map<String, NamedTensor> tensors = initialized();

        assertThat(tensors.values()).allMatch(tensor -> tensor.values().isReadOnly());
        assertThat(weights.position()).isZero();
    }

    @Test
    void shouldRefuseAMissingTensor() {
        Map<String, NamedTensor> tensors = initialized();
        tensors.remove("layer1.0.bn2.running_var");

        assertRefused(tensors, "tensor layer1.0.bn2.running_var is missing");
    }

    @Test
    void shouldRefuseATensorThatTheNetworkLacks() {
        Map<String, NamedTensor> tensors = initialized();
        tensors.put("layer4.0.conv1.weight", new NamedTensor("layer4.0.conv1.weight", Shape.of(1), one()));

        assertRefused(tensors, "no tensor of the name layer4.0.conv1.weight");
    }

    @Test
    void shouldRefuseAnotherShape() {
        Map<String, NamedTensor> tensors = initialized();
        tensors.put("fc.bias", new NamedTensor("fc.bias", Shape.of(1), one()));

        assertRefused(tensors, "tensor fc.bias has shape 1, the network's has 10");
    }

    private static FloatBuffer one() {
        return FloatBuffer.allocate(1);
    }

    private static void assertRefused(Map<String, NamedTensor> tensors, String message) {
        FloatBuffer untouched = FloatBuffer.allocate((int) NETWORK.layout().weightsLength());
        FloatBuffer statistics = FloatBuffer.allocate((int) NETWORK.layout().statisticsLength());
        assertThatThrownBy(() -> NetworkState.restoreModel(NETWORK, tensors, untouched, statistics))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cifar-resnet8")
                .hasMessageContaining(message);
        assertThat(untouched).isEqualTo(FloatBuffer.allocate(untouched.capacity()));
    }
}
