package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sandglass.job.config.FailureSettings;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.Progress;

class RestartsTest {

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final List<String> recorded = new ArrayList<>();
    private final List<Duration> pauses = new ArrayList<>();
    private final Narrowing width = new Narrowing();
    private final Restarts restarts = new Restarts(
            new FailureSettings(5, Duration.ofSeconds(1), 1, Duration.ofSeconds(10), FailureSettings.CorruptImage.FAIL),
            width,
            Progress.to(new PrintStream(output, true, StandardCharsets.UTF_8)),
            (what, why) -> recorded.add(what + ": " + why),
            pauses::add);
    private int attempts;

    @Test
    void shouldTryAgainAndSayHowWide() {
        String result = restarts.run("train epoch 1", () -> succeedAfter(2));

        assertThat(result).isEqualTo("done");
        assertThat(recorded).containsExactly("train epoch 1: gone", "train epoch 1: gone");
        assertThat(output.toString(StandardCharsets.UTF_8))
                .contains("Lost: train epoch 1: gone; restart 2 of at most 5", "Going on with 2 tasks instead of 3");
    }

    @Test
    void shouldWaitLongerOnlyWhileTrainingGetsNoFurther() {
        restarts.reached(7);
        restarts.run("train", () -> succeedAfter(3));
        assertThat(pauses).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4));

        restarts.reached(8);
        int oneMore = attempts + 1;
        restarts.run("train", () -> succeedAfter(oneMore));
        assertThat(pauses).last().isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void shouldGiveUpAfterTheLastRestartOfARun() {
        restarts.run("train epoch 1", () -> succeedAfter(2));

        assertThatThrownBy(() -> restarts.run("train epoch 2", () -> succeedAfter(Integer.MAX_VALUE)))
                .isInstanceOfSatisfying(JobFailure.class, failure -> assertThat(failure.exitCode())
                        .isEqualTo(ExitCode.CLUSTER))
                .hasMessage("Cannot train epoch 2: gave up after 5 restarts (failure.maxRestarts): gone");
    }

    private String succeedAfter(int losses) throws Gang.Lost {
        if (attempts++ < losses) {
            throw new Gang.Lost("gone", null);
        }
        return "done";
    }

    /** Loses a task at every second loss. */
    private static final class Narrowing implements Restarts.Width {
        private int losses;

        @Override
        public int tasks() {
            return 3 - losses / 2;
        }

        @Override
        public void regroup() {
            losses++;
        }
    }
}
