package org.sandglass.job.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.checkpoint.StoredFile;
import org.sandglass.job.data.AuditReport;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.plan.Calibration;
import org.sandglass.job.report.IterationMetrics;

/**
 * What one task of a stage came to; travels to the driver as JSON, which no serializer setting can get in the way of.
 *
 * @param audit what the task trained on
 * @param iterations logged iterations, of rank 0 only
 * @param totals sums over the whole epoch, equal at every rank in training, this task's own in evaluation
 * @param exposedCommunication share of this task's iterations' time in which it waited for the all-reduce
 * @param trainingSeconds from the first iteration to the last, of training
 * @param exchangeSeconds of these, in which the task took samples out of the exchange
 * @param weightsCrc CRC-32C of the weights, equal at every rank
 * @param weightsSha256 of the model's tensors, where files were written
 * @param files what rank 0 wrote into the checkpoint's directory before the stage's end
 * @param writer who writes the checkpoint's files after the stage's end; null if nobody does
 * @param measured by a stage of {@link CalibrationWork}
 * @param peakMemoryBytes largest resident size of the executor's process so far
 */
record TaskOutcome(
        int rank,
        Status status,
        @Nullable ExitCode exitCode,
        @Nullable String message,
        @Nullable AuditReport audit,
        List<IterationMetrics> iterations,
        Totals totals,
        double exposedCommunication,
        double trainingSeconds,
        double exchangeSeconds,
        long weightsCrc,
        @Nullable String weightsSha256,
        List<StoredFile> files,
        @Nullable Writer writer,
        Calibration.@Nullable Task measured,
        long peakMemoryBytes) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** An executor that writes, and the number of the stage that it does it for. */
    record Writer(String executor, long attempt) {}

    /** From good to bad: of a stage's outcomes the worst one is what is reported. */
    enum Status {
        FINISHED,
        LOST,
        DIVERGED,
        FAILED
    }

    /**
     * Sums over samples.
     *
     * @param skippedSteps iterations whose gradients overflowed, so that they did not move the weights
     */
    record Totals(long samples, double lossSum, long top1, long top5, int skippedSteps) {
        static final Totals NONE = new Totals(0, 0, 0, 0);

        Totals(long samples, double lossSum, long top1, long top5) {
            this(samples, lossSum, top1, top5, 0);
        }

        Totals plus(Totals other) {
            return new Totals(
                    samples + other.samples,
                    lossSum + other.lossSum,
                    top1 + other.top1,
                    top5 + other.top5,
                    skippedSteps + other.skippedSteps);
        }

        /** One more step was skipped. */
        Totals withSkippedStep() {
            return new Totals(samples, lossSum, top1, top5, skippedSteps + 1);
        }

        double meanLoss() {
            return lossSum / samples;
        }

        double top1Error() {
            return 100.0 * (samples - top1) / samples;
        }

        double top5Error() {
            return 100.0 * (samples - top5) / samples;
        }
    }

    static TaskOutcome failed(int rank, JobFailure failure) {
        return unfinished(rank, Status.FAILED, failure.exitCode(), String.valueOf(failure.getMessage()), List.of());
    }

    /** What was lost, a peer or a write, may be there when the stage is tried again. */
    static TaskOutcome lost(int rank, String message) {
        return unfinished(rank, Status.LOST, ExitCode.CLUSTER, message, List.of());
    }

    static TaskOutcome diverged(int rank, String message, List<IterationMetrics> iterations) {
        return unfinished(rank, Status.DIVERGED, ExitCode.DIVERGED, message, iterations);
    }

    static TaskOutcome evaluated(int rank, AuditReport audit, Totals totals) {
        return done(rank, audit, totals, null, List.of(), null);
    }

    static TaskOutcome measured(int rank, Calibration.Task task) {
        return done(rank, AuditReport.NONE, Totals.NONE, null, List.of(), task);
    }

    /** Of work that counts nothing. */
    static TaskOutcome finished(int rank) {
        return evaluated(rank, AuditReport.NONE, Totals.NONE);
    }

    /** Of a stage that wrote a checkpoint's files and did nothing else. */
    static TaskOutcome stored(int rank, WrittenCheckpoint written) {
        return done(rank, AuditReport.NONE, Totals.NONE, written.weightsSha256(), written.files(), null);
    }

    private static TaskOutcome done(
            int rank,
            AuditReport audit,
            Totals totals,
            @Nullable String weightsSha256,
            List<StoredFile> files,
            Calibration.@Nullable Task measured) {
        return new TaskOutcome(
                rank,
                Status.FINISHED,
                null,
                null,
                audit,
                List.of(),
                totals,
                0,
                0,
                0,
                0,
                weightsSha256,
                files,
                null,
                measured,
                ProcessMemory.peakBytes());
    }

    private static TaskOutcome unfinished(
            int rank, Status status, ExitCode exitCode, String message, List<IterationMetrics> iterations) {
        return new TaskOutcome(
                rank,
                status,
                exitCode,
                message,
                null,
                iterations,
                Totals.NONE,
                0,
                0,
                0,
                0,
                null,
                List.of(),
                null,
                null,
                ProcessMemory.peakBytes());
    }

    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot write the outcome of rank " + rank, e);
        }
    }

    static TaskOutcome fromJson(String json) {
        try {
            return JSON.readValue(json, TaskOutcome.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot read a task's outcome: " + json, e);
        }
    }
}
