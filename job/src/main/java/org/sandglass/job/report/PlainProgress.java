package org.sandglass.job.report;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Progress as lines: one every few seconds, and one for each epoch. */
final class PlainProgress implements Progress {

    /** Settable, so that scripts can follow closely. */
    private static final long INTERVAL =
            Duration.ofMillis(Long.getLong("sandglass.progress.millis", 5000)).toNanos();

    private final PrintStream stream;
    private final LongSupplier nanoTime;
    private final EpochLine line = new EpochLine();
    private long lastLine;
    private long firstIteration = -1;
    private long firstTime;

    PlainProgress(PrintStream stream, LongSupplier nanoTime) {
        this.stream = stream;
        this.nanoTime = nanoTime;
        this.lastLine = nanoTime.getAsLong() - INTERVAL;
    }

    @Override
    public synchronized void begin(int epochs, long iterationsPerEpoch, long doneIterations, long samplesPerIteration) {
        line.begin(epochs, iterationsPerEpoch);
        firstIteration = -1;
    }

    @Override
    public synchronized void iteration(int epoch, long iteration, double loss, double imagesPerSecond) {
        long now = nanoTime.getAsLong();
        if (firstIteration < 0) {
            // The first one warms up, and says little about the others.
            firstIteration = iteration;
            firstTime = now;
        }
        if (now - lastLine < INTERVAL) {
            return;
        }
        lastLine = now;
        stream.printf(
                Locale.ROOT,
                "epoch %s  iteration %s  %.1f images/s  loss %.4f%s%n",
                line.epochOf(epoch),
                line.iterationOf(iteration),
                imagesPerSecond,
                loss,
                timeLeft(iteration, now));
    }

    private String timeLeft(long iteration, long now) {
        if (iteration <= firstIteration) {
            return "";
        }
        double each = (now - firstTime) / 1e9 / (iteration - firstIteration);
        return "  " + EpochLine.time((line.iterations() - iteration - 1) * each) + " left";
    }

    @Override
    public synchronized void epoch(EpochMetrics metrics) {
        stream.println(line.of(metrics));
    }

    @Override
    public synchronized void note(String text) {
        stream.println(text);
    }

    @Override
    public synchronized void close() {
        stream.flush();
    }
}
