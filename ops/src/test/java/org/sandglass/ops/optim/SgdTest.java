package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
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
