package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.nn.ResNet;

class SgdTest {

    private static final FlatLayout LAYOUT =
            ResNet.of("cifar-resnet8", 10, 32, true).layout();

    @Test
    void shouldCoverTheWeightsInTheFewestRanges() {
        List<DecayGroup> groups = DecayGroup.of(LAYOUT);

        long next = 0;
        for (int i = 0; i < groups.size(); i++) {
            assertThat(groups.get(i).offset()).isEqualTo(next);
            assertThat(groups.get(i).length()).isPositive();
            assertThat(groups.get(i).decayed()).as("group %s alternates", i).isEqualTo(i % 2 == 0);
            next += groups.get(i).length();
        }
        assertThat(next).isEqualTo(LAYOUT.weightsLength());
    }

    @Test
    void shouldDecayEveryParameterThatDecaysAndNoOther() {
        List<DecayGroup> groups = DecayGroup.of(LAYOUT);

        for (Parameter parameter : LAYOUT.parameters()) {
            long first = LAYOUT.weightOffset(parameter);
            long last = first + parameter.shape().elements() - 1;
            List<DecayGroup> holding = groups.stream()
                    .filter(group -> group.offset() <= last && first < group.offset() + group.length())
                    .toList();
            assertThat(holding).as(parameter.name()).hasSize(1);
            assertThat(holding.get(0).decayed()).isEqualTo(!parameter.name().matches(".*(bn\\d|downsample\\.1)\\..*"));
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void shouldGiveTheSameBitsInRangesAsInOneStep(long seed) {
        Sgd sgd = new Sgd(SgdUpdate.Form.VELOCITY_SCALED, 0.9, true, 1e-4, true);
        List<float[]> results = new ArrayList<>();
        for (boolean inRanges : new boolean[] {false, true}) {
            Random random = new Random(seed);
            try (NetworkBuffers buffers = NetworkBuffers.allocate(Workers.DEVICE, LAYOUT);
                    DeviceBuffer momentum = Workers.DEVICE.allocate(LAYOUT.weightsLength())) {
                for (DeviceBuffer buffer : List.of(buffers.weights(), buffers.gradients(), momentum)) {
                    FloatBuffer floats = buffer.hostView().orElseThrow();
                    for (int i = 0; i < floats.capacity(); i++) {
                        floats.put(i, random.nextFloat() - 0.5f);
                    }
                }
                long next = 0;
                while (next < LAYOUT.weightsLength()) {
                    long end = inRanges ? next + random.nextInt(5000) : LAYOUT.weightsLength();
                    sgd.step(Workers.DEVICE, buffers, momentum, 0.2, 0.1, next, end);
                    next = end;
                }
                float[] weights = new float[(int) LAYOUT.weightsLength()];
                buffers.weights().hostView().orElseThrow().get(0, weights);
                results.add(weights);
            }
        }
        assertThat(results.get(1)).isEqualTo(results.get(0));
    }

    @Test
    void shouldRefuseSettingsThatMakeNoSense() {
        SgdUpdate.Form form = SgdUpdate.Form.GRADIENT_SUM;

        assertThatThrownBy(() -> new Sgd(form, 1, true, 0, true)).hasMessageContaining("[0, 1): 1.0");
        assertThatThrownBy(() -> new Sgd(form, Double.NaN, true, 0, true)).hasMessageContaining("momentum");
        assertThatThrownBy(() -> new Sgd(form, 0.9, true, -1e-4, true)).hasMessageContaining("weightDecay");
    }

    @Test
    void shouldRefuseRatesThatAreNotPositive() {
        Sgd sgd = new Sgd(SgdUpdate.Form.VELOCITY_SCALED, 0.9, true, 1e-4, true);
        try (NetworkBuffers buffers = NetworkBuffers.allocate(Workers.DEVICE, LAYOUT);
                DeviceBuffer momentum = Workers.DEVICE.allocate(LAYOUT.weightsLength())) {
            assertThatThrownBy(() -> sgd.step(Workers.DEVICE, buffers, momentum, 0.1, 0))
                    .hasMessageContaining("previousLearningRate=0.0");
            assertThatThrownBy(() -> sgd.step(Workers.DEVICE, buffers, momentum, Double.NaN, 0.1))
                    .hasMessageContaining("learningRate=NaN");
        }
    }
}
