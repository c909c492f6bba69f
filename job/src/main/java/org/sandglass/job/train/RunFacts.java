package org.sandglass.job.train;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.DeviceChoice;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.report.Build;
import org.sandglass.job.report.EpochMetrics;
import org.sandglass.job.report.RestartRecord;
import org.sandglass.job.report.RunDirectory;
import org.sandglass.job.report.Summary;
import org.sandglass.job.report.ValidationMetrics;

/** What a run's summary tells beyond its metrics. Belongs to the driver's thread, but for the weights. */
final class RunFacts {

    private final Recipe recipe;
    private final SampleTable table;
    private final String sparkVersion;
    private final long started = System.nanoTime();
    private double earlierSeconds;
    private int ledgerViolations;
    private volatile @Nullable String weightsSha256;

    RunFacts(Recipe recipe, SampleTable table, String sparkVersion) {
        this.recipe = recipe;
        this.table = table;
        this.sparkVersion = sparkVersion;
    }

    /** Counts the time of epochs that earlier attempts trained. */
    void goOnAfter(List<EpochMetrics> epochs) {
        earlierSeconds = epochs.stream().mapToDouble(EpochMetrics::seconds).sum();
    }

    void ledgerViolation() {
        ledgerViolations++;
    }

    void weights(String sha256) {
        weightsSha256 = sha256;
    }

    /** The mean of a share of the epochs' time. */
    private static double share(List<EpochMetrics> epochs, ToDoubleFunction<EpochMetrics> of) {
        double seconds = epochs.stream().mapToDouble(EpochMetrics::seconds).sum();
        double part = epochs.stream()
                .mapToDouble(epoch -> of.applyAsDouble(epoch) * epoch.seconds())
                .sum();
        return seconds == 0 ? 0 : part / seconds;
    }

    Summary summary(Summary.Status status, int tasks, RunDirectory run, @Nullable String error) {
        List<EpochMetrics> epochs = run.epochs();
        @Nullable EpochMetrics last = epochs.isEmpty() ? null : epochs.get(epochs.size() - 1);
        @Nullable ValidationMetrics validation = last == null ? null : last.validation();
        double trainSeconds = epochs.stream().mapToDouble(EpochMetrics::seconds).sum();
        long samples = epochs.stream().mapToLong(EpochMetrics::samples).sum();
        return new Summary(
                status,
                recipe.model().name(),
                epochs.size(),
                epochs.stream().mapToLong(EpochMetrics::iterations).sum(),
                recipe.training().workers(),
                tasks,
                recipe.training().globalBatchSize(),
                table.samples(),
                validation == null ? 0 : validation.samples(),
                last == null ? 0 : last.trainLoss(),
                validation == null ? null : validation.top1Error(),
                validation == null ? null : validation.top5Error(),
                samples == 0 ? 0 : samples / trainSeconds,
                share(epochs, EpochMetrics::exposedCommunication),
                share(epochs, EpochMetrics::exposedExchange),
                earlierSeconds + (System.nanoTime() - started) / 1e9,
                epochs.stream().mapToLong(EpochMetrics::peakMemoryBytes).max().orElse(0),
                run.restarts(RestartRecord.Kind.STAGE),
                run.restarts(RestartRecord.Kind.DRIVER),
                ledgerViolations,
                weightsSha256,
                recipe.training().device() == DeviceChoice.CUDA ? "cuda" : "cpu",
                recipe.training().precision().name().toLowerCase(java.util.Locale.ROOT),
                sparkVersion,
                Build.current().commit(),
                error);
    }
}
