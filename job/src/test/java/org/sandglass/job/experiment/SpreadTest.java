package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class SpreadTest {

    @Test
    void shouldKnowTheSampleStandardDeviation() {
        // By hand: squares of (−3, −1, −1, −1, 0, 0, 2, 4) make 32, over 7.
        Spread spread = Spread.of(2, 4, 4, 4, 5, 5, 7, 9);
        assertThat(spread.mean()).isEqualTo(5);
        assertThat(spread.deviation()).isCloseTo(Math.sqrt(32 / 7.0), within(1e-12));
    }

    @Test
    void shouldLeaveOutWhatIsNoNumber() {
        assertThat(Spread.of(1, Double.NaN, 3)).isEqualTo(new Spread(2, 2, Math.sqrt(2)));
        assertThat(Spread.of(7).deviation()).isNaN();
        assertThat(Spread.of().mean()).isNaN();
    }

    @Test
    void shouldTakeTheMiddle() {
        assertThat(Spread.median(5, 1, 2)).isEqualTo(2);
        assertThat(Spread.median(4, 1, 2, 3)).isEqualTo(2.5);
        assertThat(Spread.median(Double.NaN)).isNaN();
    }
}
