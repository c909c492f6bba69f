package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ComparisonTest {

    private static final OptionalDouble FROM_SEEDS = OptionalDouble.empty();

    private final RunGroup baseline = MadeUpRuns.group("small", 3, 12, 0.3, epoch -> 80 - 5.0 * epoch);

    @Test
    void shouldSayFromWhichEpochOnCurvesCoincide() {
        RunGroup slow = MadeUpRuns.group("gradual", 3, 12, 0.3, epoch -> 80 - 5.0 * epoch + (epoch < 5 ? 8 : 0));
        Comparison comparison = Comparison.ofTraining(baseline, slow, FROM_SEEDS);
        assertThat(comparison.coincidesFrom()).isEqualTo(5);
        assertThat(comparison.verdict()).startsWith("training error: gradual coincides with small from epoch 5 on: ");
        assertThat(comparison.epochs()).hasSize(12);
    }

    @Test
    void shouldSayThatCurvesDoNotCoincide() {
        RunGroup worse = MadeUpRuns.group("none", 3, 12, 0.3, epoch -> 80 - 5.0 * epoch + (epoch > 6 ? 3 : 0));
        Comparison comparison = Comparison.ofValidation(baseline, worse, FROM_SEEDS);
        assertThat(comparison.coincidesFrom()).isNull();
        assertThat(comparison.verdict()).contains("validation error: none does not coincide with small");
    }

    @Test
    void shouldWidenTheToleranceWithTheSeedsSpread() {
        RunGroup noisy = MadeUpRuns.group("noisy", 3, 12, 4, epoch -> 80 - 5.0 * epoch);
        RunGroup off = MadeUpRuns.group("off", 3, 12, 4, epoch -> 82 - 5.0 * epoch);
        assertThat(Comparison.ofTraining(noisy, off, FROM_SEEDS).coincidesFrom())
                .isEqualTo(1);
        assertThat(Comparison.ofTraining(noisy, off, OptionalDouble.of(0.1)).coincidesFrom())
                .isNull();
    }

    @Test
    void shouldNotJudgeWhereTheSpreadIsUnknown() {
        RunGroup one = MadeUpRuns.group("one", 1, 12, 0, epoch -> 80 - 5.0 * epoch);
        Comparison comparison = Comparison.ofTraining(one, one, FROM_SEEDS);
        assertThat(comparison.known()).isFalse();
        assertThat(comparison.coincidesFrom()).isNull();
        assertThat(comparison.verdict()).contains("cannot be said", "--spread");
        assertThat(Comparison.ofTraining(one, one, OptionalDouble.of(0.2)).coincidesFrom())
                .isEqualTo(1);
    }

    @Test
    void shouldCompareARunUnderWayAsFarAsItIs() {
        RunGroup begun = MadeUpRuns.group("begun", 2, 4, 0.3, epoch -> 90);
        Comparison comparison = Comparison.ofTraining(baseline, begun, FROM_SEEDS);
        assertThat(comparison.epochs()).hasSize(4);
        assertThat(comparison.verdict()).contains("at epoch 4");
    }

    @Test
    void shouldAlignBySamplesSeen() {
        RunGroup halves = new RunGroup(
                "half the set",
                List.of(MadeUpRuns.run(1, 500, 24, 0, epoch -> epoch), MadeUpRuns.run(2, 500, 24, 0, epoch -> epoch)));
        RunGroup thirds = new RunGroup(
                "a third of it",
                List.of(MadeUpRuns.run(1, 300, 24, 0, epoch -> epoch), MadeUpRuns.run(2, 300, 24, 0, epoch -> epoch)));
        Comparison half = Comparison.ofTraining(baseline, halves, FROM_SEEDS);
        assertThat(half.epochs().get(2).run()).isEqualTo(6);
        Comparison third = Comparison.ofTraining(baseline, thirds, FROM_SEEDS);
        assertThat(third.epochs()).hasSize(7);
        assertThat(third.epochs().get(0).run()).isCloseTo(1000 / 300.0, within(1e-9));
    }

    @Test
    void shouldFindNoEpochInCommon() {
        RunGroup none = MadeUpRuns.group("new", 2, 0, 0, epoch -> 0);
        assertThat(Comparison.ofTraining(baseline, none, FROM_SEEDS).verdict()).contains("no epoch in common");
    }
}
