package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
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

    /** Runs that go astray differ from each other as well. */
    @Test
    void shouldNotLetWhatIsComparedWidenItsOwnTolerance() {
        List<SeedRun> runs = new ArrayList<>(MadeUpRuns.group("astray", 2, 12, 0.3, epoch -> 80 - 5.0 * epoch)
                .runs());
        runs.add(MadeUpRuns.run(2, MadeUpRuns.SAMPLES, 12, 0.3, epoch -> 90));
        assertThat(Comparison.ofTraining(baseline, new RunGroup("astray", runs), FROM_SEEDS)
                        .coincidesFrom())
                .isNull();
    }

    @Test
    void shouldNotTakeDivergenceForAMatch() {
        RunGroup alike = MadeUpRuns.group("alike", 3, 2, 0.3, epoch -> 80 - 5.0 * epoch);
        assertThat(Comparison.ofTraining(baseline, alike, FROM_SEEDS).coincidesFrom())
                .isEqualTo(1);
        List<SeedRun> runs = new ArrayList<>(alike.runs());
        runs.set(1, MadeUpRuns.ended("diverged", runs.get(1)));
        Comparison comparison = Comparison.ofTraining(baseline, new RunGroup("alike", runs), FROM_SEEDS);
        assertThat(comparison.coincidesFrom()).isNull();
        assertThat(comparison.verdict()).endsWith("does not coincide with small: 1 of its runs diverged or failed");
    }

    @Test
    void shouldNotJudgeByABaselineThatDiverged() {
        RunGroup alike = MadeUpRuns.group("alike", 3, 2, 0.3, epoch -> 80 - 5.0 * epoch);
        List<SeedRun> runs = new ArrayList<>(baseline.runs());
        runs.set(2, MadeUpRuns.ended("diverged", runs.get(2)));
        Comparison comparison = Comparison.ofTraining(new RunGroup("small", runs), alike, FROM_SEEDS);
        assertThat(comparison.coincidesFrom()).isNull();
        assertThat(comparison.known()).isFalse();
        assertThat(comparison.verdict())
                .endsWith(
                        "whether alike coincides with small cannot be said: 1 of the baseline's runs diverged or failed");
    }

    @Test
    void shouldJudgeTheEpochsWhoseSpreadIsKnown() {
        RunGroup running = new RunGroup(
                "running",
                List.of(
                        MadeUpRuns.run(0, MadeUpRuns.SAMPLES, 12, 0.3, epoch -> 80 - 5.0 * epoch),
                        MadeUpRuns.run(1, MadeUpRuns.SAMPLES, 2, 0.3, epoch -> 80 - 5.0 * epoch)));
        RunGroup other = MadeUpRuns.group("other", 1, 12, 0.1, epoch -> 80 - 5.0 * epoch + (epoch > 6 ? 20 : 0));
        Comparison comparison = Comparison.ofTraining(running, other, FROM_SEEDS);
        assertThat(comparison.known()).isTrue();
        assertThat(comparison.epochs()).hasSize(12);
        assertThat(comparison.verdict()).contains("at epoch 3");
    }

    @Test
    void shouldNotJudgeWhereTheSpreadIsUnknown() {
        RunGroup one = MadeUpRuns.group("one", 1, 12, 0, epoch -> 80 - 5.0 * epoch);
        Comparison comparison = Comparison.ofTraining(one, one, FROM_SEEDS);
        assertThat(comparison.known()).isFalse();
        assertThat(comparison.coincidesFrom()).isNull();
        assertThat(comparison.verdict()).contains("cannot be said");
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
