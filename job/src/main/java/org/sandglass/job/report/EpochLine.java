package org.sandglass.job.report;

import java.util.Locale;

/** The words in which both kinds of progress tell of epochs and iterations. */
final class EpochLine {

    private int epochs;
    private long iterationsPerEpoch;

    void begin(int ofEpochs, long iterationsInEach) {
        epochs = ofEpochs;
        iterationsPerEpoch = iterationsInEach;
    }

    long iterations() {
        return epochs * iterationsPerEpoch;
    }

    String epochOf(int epoch) {
        return epoch + "/" + epochs;
    }

    /** Position within its epoch, from 1. */
    String iterationOf(long iteration) {
        return iteration % Math.max(iterationsPerEpoch, 1) + 1 + "/" + iterationsPerEpoch;
    }

    String of(EpochMetrics metrics) {
        String line = String.format(
                Locale.ROOT,
                "epoch %s  train loss %.4f  top-1 error %.2f %%",
                epochOf(metrics.epoch()),
                metrics.trainLoss(),
                metrics.trainTop1Error());
        ValidationMetrics validation = metrics.validation();
        if (validation != null) {
            line += String.format(
                    Locale.ROOT,
                    "  validation loss %.4f  top-1 error %.2f %%",
                    validation.loss(),
                    validation.top1Error());
        }
        return line
                + String.format(Locale.ROOT, "  %.1f images/s  %s", metrics.imagesPerSecond(), time(metrics.seconds()));
    }

    /** A duration as people read it: {@code 59s}, {@code 12m 05s}, {@code 3h 02m}. */
    static String time(double seconds) {
        if (!(seconds < 1e9)) {
            return "?";
        }
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + "s";
        }
        if (whole < 3600) {
            return String.format(Locale.ROOT, "%dm %02ds", whole / 60, whole % 60);
        }
        return String.format(Locale.ROOT, "%dh %02dm", whole / 3600, whole % 3600 / 60);
    }
}
