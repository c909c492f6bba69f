package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LossScaleTest {

    @Test
    void shouldHalveWithEveryOverflowAndCountWhatWasSkipped() {
        LossScale scale = LossScale.from(1024).after(true).after(false).after(false);

        assertThat(scale).isEqualTo(new LossScale(256, -2));
        assertThat(scale.skipped()).isEqualTo(2);
        assertThat(scale.after(true)).isEqualTo(new LossScale(256, 1));
        assertThat(scale.after(true).skipped()).isZero();
    }

    @Test
    void shouldGrowAfterGoodStepsInARowOnly() {
        LossScale scale = LossScale.from(1024);
        for (int i = 0; i < LossScale.GOOD_STEPS - 1; i++) {
            scale = scale.after(true);
        }
        assertThat(scale.scale()).isEqualTo(1024);
        assertThat(scale.after(true)).isEqualTo(LossScale.from(2048));

        scale = scale.after(false);
        for (int i = 0; i < LossScale.GOOD_STEPS - 1; i++) {
            scale = scale.after(true);
        }
        assertThat(scale.scale()).isEqualTo(512);
        assertThat(scale.after(true)).isEqualTo(LossScale.from(1024));
    }

    @Test
    void shouldStayWithinItsLimits() {
        assertThat(LossScale.from(LossScale.LEAST).after(false).scale()).isEqualTo(LossScale.LEAST);
        assertThat(new LossScale(LossScale.MOST, LossScale.GOOD_STEPS - 1)
                        .after(true)
                        .scale())
                .isEqualTo(LossScale.MOST);
    }

    @Test
    void shouldComeBackFromAFile() {
        LossScale scale = new LossScale(0.25, -3);
        assertThat(LossScale.of(scale.tensor())).isEqualTo(scale);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, 3, 0x1p-15, 0x1p25, Double.NaN, Double.POSITIVE_INFINITY})
    void shouldRefuseOtherNumbers(double scale) {
        assertThatThrownBy(() -> LossScale.from(scale)).isInstanceOf(IllegalArgumentException.class);
    }
}
