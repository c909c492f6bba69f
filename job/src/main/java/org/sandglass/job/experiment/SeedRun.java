package org.sandglass.job.experiment;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.report.EpochMetrics;
import org.sandglass.job.report.IterationMetrics;
import org.sandglass.job.report.RecordedRun;
import org.sandglass.job.report.Summary;
import org.sandglass.job.report.ValidationMetrics;

/**
 * One run of a setting, as small as the figures need it.
 *
 * @param status finished, diverged, failed, or running
 * @param ledgerViolations epochs that did not use every sample once
 * @param wallSeconds of training and validation
 * @param curve the training error within the epochs, as the iterations' mean over parts of an epoch
 */
public record SeedRun(
        long seed,
        String status,
        long globalBatchSize,
        int tasks,
        int ledgerViolations,
        double wallSeconds,
        String commit,
        @Nullable String weightsSha256,
        List<Epoch> epochs,
        List<CurvePoint> curve) {

    private static final int PARTS_OF_AN_EPOCH = 4;
    private static final int FINAL_EPOCHS = 5;
    private static final MathContext DIGITS = new MathContext(6);

    /**
     * An epoch's outcome.
     *
     * @param samples that the run had trained on at its end, since its beginning
     * @param trainError top-1, percent, each sample as the network was when it came
     * @param validationError top-1, percent
     * @param seconds of training, with everything between the iterations
     * @param iterationSeconds median of the logged iterations
     */
    public record Epoch(
            int epoch,
            long samples,
            long iterations,
            double trainLoss,
            double trainError,
            @Nullable Double validationError,
            double seconds,
            double iterationSeconds,
            double exposedCommunication) {

        /** The validation error, or NaN. */
        double validated() {
            return validationError == null ? Double.NaN : validationError;
        }
    }

    /** A part of an epoch: {@code samples} trained on at its end, and the mean training error in percent. */
    public record CurvePoint(double samples, double trainError) {}

    /** Defends against later changes of the lists. */
    public SeedRun {
        epochs = List.copyOf(epochs);
        curve = List.copyOf(curve);
    }

    /** What the figures need of a run. */
    public static SeedRun of(RecordedRun run) {
        List<Epoch> epochs = new ArrayList<>();
        List<CurvePoint> curve = new ArrayList<>();
        long before = 0;
        for (EpochMetrics metrics : run.epochs()) {
            List<IterationMetrics> logged = run.iterations().stream()
                    .filter(iteration -> iteration.epoch() == metrics.epoch())
                    .toList();
            ValidationMetrics validation = metrics.validation();
            epochs.add(new Epoch(
                    metrics.epoch(),
                    before + metrics.samples(),
                    metrics.iterations(),
                    rounded(metrics.trainLoss()),
                    rounded(metrics.trainTop1Error()),
                    validation == null ? null : rounded(validation.top1Error()),
                    rounded(metrics.seconds()),
                    rounded(Spread.median(logged.stream()
                            .mapToDouble(IterationMetrics::seconds)
                            .toArray())),
                    rounded(metrics.exposedCommunication())));
            addParts(curve, logged, before, metrics.samples());
            before += metrics.samples();
        }
        Summary summary = run.summary().orElse(null);
        return new SeedRun(
                run.recipe().training().seed(),
                summary == null ? "running" : summary.status().name().toLowerCase(Locale.ROOT),
                run.recipe().training().globalBatchSize(),
                summary == null ? 0 : summary.tasks(),
                summary == null ? 0 : summary.ledgerViolations(),
                summary == null ? 0 : rounded(summary.wallSeconds()),
                summary == null ? "" : summary.commit(),
                summary == null ? null : summary.weightsSha256(),
                epochs,
                curve);
    }

    private static void addParts(List<CurvePoint> curve, List<IterationMetrics> logged, long before, long samples) {
        int parts = Math.min(PARTS_OF_AN_EPOCH, logged.size());
        for (int part = 0; part < parts; part++) {
            List<IterationMetrics> within =
                    logged.subList(logged.size() * part / parts, logged.size() * (part + 1) / parts);
            double counted =
                    within.stream().mapToLong(IterationMetrics::samples).sum();
            double wrong = within.stream()
                    .mapToDouble(iteration -> iteration.samples() * iteration.top1Error())
                    .sum();
            double end = before + samples * (part + 1.0) / parts;
            curve.add(new CurvePoint(end, rounded(wrong / counted)));
        }
    }

    /** The median of the last five epochs' validation errors, in percent (Goyal et al., section 5.1); NaN without one. */
    @JsonIgnore
    public double finalError() {
        return status.equals("finished")
                ? Spread.median(epochs.stream()
                        .skip(Math.max(0, epochs.size() - FINAL_EPOCHS))
                        .mapToDouble(Epoch::validated)
                        .toArray())
                : Double.NaN;
    }

    /** Wall time of an iteration, in seconds: the median over the epochs; NaN without one. */
    @JsonIgnore
    public double secondsPerIteration() {
        return Spread.median(
                epochs.stream().mapToDouble(Epoch::iterationSeconds).toArray());
    }

    /** Wall time of an epoch's training, in seconds: the median over the epochs; NaN without one. */
    @JsonIgnore
    public double secondsPerEpoch() {
        return Spread.median(epochs.stream().mapToDouble(Epoch::seconds).toArray());
    }

    private static double rounded(double value) {
        return Double.isFinite(value) ? new BigDecimal(value).round(DIGITS).doubleValue() : value;
    }
}
