package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearScalingTest {

    @ParameterizedTest
    @CsvSource({
        "LINEAR, 256, 0.1",
        "LINEAR, 8192, 3.2",
        "LINEAR, 64, 0.025",
        "LINEAR, 65536, 25.6",
        "SQRT, 256, 0.1",
        "SQRT, 8192, 0.565685424949238",
        "SQRT, 64, 0.05",
        "NONE, 8192, 0.1"
    })
    void shouldScaleThePapersReference(LinearScaling scaling, long globalBatchSize, double expected) {
        assertThat(scaling.scale(0.1, 256, globalBatchSize)).isCloseTo(expected, Offset.offset(1e-12));
    }

    @Test
    void shouldRefuseNumbersThatAreNotPositive() {
        assertThatThrownBy(() -> LinearScaling.LINEAR.scale(0, 256, 256)).hasMessageContaining("reference=0.0");
        assertThatThrownBy(() -> LinearScaling.LINEAR.scale(Double.NaN, 256, 256))
                .hasMessageContaining("NaN");
        assertThatThrownBy(() -> LinearScaling.NONE.scale(0.1, 0, 256)).hasMessageContaining("referenceBatchSize=0");
        assertThatThrownBy(() -> LinearScaling.SQRT.scale(0.1, 256, 0)).hasMessageContaining("globalBatchSize=0");
    }
}
