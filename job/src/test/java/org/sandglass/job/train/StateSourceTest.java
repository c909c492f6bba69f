package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StateSourceTest {

    private final StateSource source = new StateSource(100, 199, 100, null);

    @Test
    void shouldTakeTheNewestStateWithinTheEpoch() {
        assertThat(source.newest(new Stamp(100, 7), new Stamp(150, 3))).isEqualTo(new Stamp(150, 3));
        assertThat(source.newest(new Stamp(199, 1), Stamp.NONE)).isEqualTo(new Stamp(199, 1));
        assertThat(source.newest(new Stamp(200, 9), new Stamp(100, 2))).isEqualTo(new Stamp(100, 2));
        assertThat(source.newest(new Stamp(99, 9), Stamp.NONE)).isEqualTo(Stamp.NONE);
    }

    @Test
    void shouldPreferTheLaterAttemptAtTheSameIteration() {
        assertThat(source.newest(new Stamp(120, 2), new Stamp(120, 5))).isEqualTo(new Stamp(120, 5));
    }
}
