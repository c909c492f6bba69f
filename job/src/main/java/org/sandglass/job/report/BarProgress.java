package org.sandglass.job.report;

import java.io.PrintStream;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Progress as a bar at the bottom of a terminal; epochs and notes scroll by above it. */
final class BarProgress implements Progress {

    private static final String CLEAR_LINE = "\r\u001b[K";
    private static final int REFRESH_MILLIS = 250;

    private final PrintStream stream;
    private final int columns;
    private final EpochLine line = new EpochLine();
    private @Nullable ProgressBar bar;

    BarProgress(PrintStream stream, int columns) {
        this.stream = stream;
        this.columns = columns;
    }

    @Override
    public synchronized void begin(int epochs, long iterationsPerEpoch, long doneIterations, long samplesPerIteration) {
        close();
        line.begin(epochs, iterationsPerEpoch);
        bar = new ProgressBarBuilder()
                .setTaskName("Training")
                .setInitialMax(line.iterations())
                .startsFrom(doneIterations, java.time.Duration.ZERO)
                .setUpdateIntervalMillis(REFRESH_MILLIS)
                .setStyle(ProgressBarStyle.COLORFUL_UNICODE_BLOCK)
                .setConsumer(new ConsoleProgressBarConsumer(stream, columns - 1))
                .build();
    }

    @Override
    public synchronized void iteration(int epoch, long iteration, double loss, double imagesPerSecond) {
        if (bar != null) {
            bar.setExtraMessage(String.format(
                    Locale.ROOT, " epoch %s  %.0f images/s  loss %.3f", line.epochOf(epoch), imagesPerSecond, loss));
            bar.stepTo(iteration + 1);
        }
    }

    @Override
    public synchronized void epoch(EpochMetrics metrics) {
        note(line.of(metrics));
    }

    @Override
    public synchronized void note(String text) {
        stream.print(CLEAR_LINE + text + System.lineSeparator());
        if (bar != null) {
            bar.refresh();
        }
    }

    @Override
    public synchronized void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
        stream.flush();
    }
}
