package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class GatheringTest {

    private final Gathering gathering = new Gathering();

    @Test
    void shouldTellAllWhatAllHaveSaidOnceNobodyIsMissing() {
        assertThat(gathering.answer(said("a", 2, "two")).missing()).containsExactly(0, 1);
        assertThat(gathering.answer(said("a", 0, "zero")).missing()).containsExactly(1);
        assertThat(gathering.answer(asked("a", 0)).words()).isEmpty();
        assertThat(gathering.answer(said("a", 1, "one")).words()).containsExactly("zero", "one", "two");
        assertThat(gathering.answer(asked("a", 0)).words()).containsExactly("zero", "one", "two");
        assertThat(gathering.answer(asked("a", 2)).missing()).isEmpty();
    }

    @Test
    void shouldKeepStagesApart() {
        gathering.answer(said("a", 0, "old"));
        gathering.answer(said("a", 1, "old"));
        gathering.answer(said("b", 0, "new"));
        gathering.answer(said("b", 1, "new"));
        assertThat(gathering.answer(said("b", 2, "new")).words()).isEqualTo(List.of("new", "new", "new"));
        assertThat(gathering.answer(asked("a", 0)).missing()).containsExactly(2);
    }

    @Test
    void shouldForgetStagesThatNobodyAsksFor() {
        gathering.answer(said("first", 0, "zero"));
        for (int i = 0; i < 100; i++) {
            gathering.answer(said("again", 0, "zero"));
            gathering.answer(said("stage " + i, 0, "zero"));
        }
        assertThat(gathering.answer(asked("first", 1)).missing()).containsExactly(0, 1, 2);
        assertThat(gathering.answer(asked("again", 1)).missing()).containsExactly(1, 2);
    }

    private static Gathering.Question said(String stage, int rank, String words) {
        return new Gathering.Question(stage, rank, 3, words);
    }

    private static Gathering.Question asked(String stage, int rank) {
        return new Gathering.Question(stage, rank, 3, null);
    }
}
