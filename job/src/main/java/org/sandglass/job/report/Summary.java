package org.sandglass.job.report;

import com.fasterxml.jackson.annotation.JsonProperty;
import org.jspecify.annotations.Nullable;

/**
 * The outcome of a run: {@code summary.json}, whose keys scripts rely on.
 *
 * @param epochs finished
 * @param iterations of these
 * @param top1Error percent on the validation set after the last epoch; null without one
 * @param imagesPerSecond samples trained per second of training, over the whole run
 * @param exposedCommunication share of the iterations' time in which training threads waited for the all-reduce
 * @param exposedExchange share of the epochs' time in which training waited for the exchange
 * @param wallSeconds of training and validation, over all attempts
 * @param restarts stages submitted again, by all drivers of the run
 * @param drivers how many took up the run; 1 if it was never interrupted
 * @param ledgerViolations epochs whose ledger entry was not exact
 * @param weightsSha256 of the final model's tensor bytes in name order; null if there is none
 * @param error what ended a run that did not finish
 */
public record Summary(
        Status status,
        String model,
        int epochs,
        long iterations,
        int workers,
        int tasks,
        long globalBatchSize,
        long trainSamples,
        long validationSamples,
        double trainLoss,
        @Nullable Double top1Error,
        @Nullable Double top5Error,
        double imagesPerSecond,
        double exposedCommunication,
        double exposedExchange,
        double wallSeconds,
        long peakMemoryBytes,
        int restarts,
        int drivers,
        int ledgerViolations,
        @Nullable String weightsSha256,
        String device,
        String precision,
        String sparkVersion,
        String commit,
        @Nullable String error) {

    /** How a run ended. */
    public enum Status {
        @JsonProperty("finished")
        FINISHED,
        @JsonProperty("diverged")
        DIVERGED,
        @JsonProperty("failed")
        FAILED
    }
}
