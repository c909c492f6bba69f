package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressTest {

    private static final EpochMetrics EPOCH = new EpochMetrics(
            1, 10, 640, 1.25, 40, 0, 0.1, 61, 412.5, 0.01, 0.1, 6, 55, 1, new ValidationMetrics(100, 1.5, 33.25, 5));

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final PrintStream stream = new PrintStream(written, true, StandardCharsets.UTF_8);

    @Test
    void shouldWriteALineEveryFewSecondsAndOneForEachEpoch() {
        AtomicLong seconds = new AtomicLong();
        try (Progress progress = new PlainProgress(stream, () -> seconds.get() * 1_000_000_000)) {
            progress.begin(2, 10, 0, 64);
            for (int i = 0; i < 10; i++) {
                progress.iteration(1, i, 2.0 / (i + 1), 64);
                seconds.addAndGet(1);
            }
            progress.epoch(EPOCH);
        }
        assertThat(text().lines())
                .containsExactly(
                        "epoch 1/2  iteration 1/10  64.0 images/s  loss 2.0000",
                        "epoch 1/2  iteration 6/10  64.0 images/s  loss 0.3333  14s left",
                        "epoch 1/2  train loss 1.2500  top-1 error 40.00 %"
                                + "  validation loss 1.5000  top-1 error 33.25 %  412.5 images/s  1m 01s");
    }

    @Test
    void shouldDrawABarWithEpochSpeedLossAndTimeLeft() {
        try (Progress progress = new BarProgress(stream, 120)) {
            progress.begin(2, 10, 0, 64);
            progress.iteration(1, 0, 2, 64);
            progress.note("a note");
            progress.epoch(EPOCH);
        }
        assertThat(text()).contains("a note\n", "epoch 1/2", "64 images/s", "loss 2.000", "1/20");
    }

    @Test
    void shouldWritePlainLinesWhereThereIsNoTerminal() {
        assertThat(Progress.to(stream)).isInstanceOf(PlainProgress.class);
    }

    @ParameterizedTest
    @CsvSource({"5.4, 5s", "59.6, 1m 00s", "125, 2m 05s", "7320, 2h 02m", "NaN, ?"})
    void shouldWriteTimesAsPeopleReadThem(double seconds, String text) {
        assertThat(EpochLine.time(seconds)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"80, 80", "0, 100", "wide, 100", ", 100"})
    void shouldTakeTheTerminalsWidthFromItsLauncher(String columns, int width) {
        assertThat(Terminal.columns(columns)).isEqualTo(width);
    }

    private String text() {
        return written.toString(StandardCharsets.UTF_8);
    }
}
