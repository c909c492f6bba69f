package org.sandglass.job.report;

import org.jspecify.annotations.Nullable;

/**
 * One epoch of training.
 *
 * @param epoch from 1
 * @param iterations in this epoch
 * @param samples trained on
 * @param trainLoss mean over the epoch's samples, each as the network was when it came
 * @param trainTop1Error percent, likewise
 * @param skippedSteps iterations of f16 whose gradients overflowed, so that they did not move the weights
 * @param learningRate of the last iteration
 * @param seconds wall time of training, without validation
 * @param exposedCommunication share of all iterations' time in which training threads waited for the all-reduce, mean over
 *     the tasks
 * @param exposedExchange share of the epoch's time in which training waited for the exchange: before it could begin, and
 *     where its slowest task took samples out of it
 * @param exchangeSeconds before training could begin
 * @param trainingSeconds of the slowest task, from its first iteration to its last
 * @param peakMemoryBytes largest resident memory of an executor
 * @param validation after this epoch, if there was one
 */
public record EpochMetrics(
        int epoch,
        long iterations,
        long samples,
        double trainLoss,
        double trainTop1Error,
        int skippedSteps,
        double learningRate,
        double seconds,
        double imagesPerSecond,
        double exposedCommunication,
        double exposedExchange,
        double exchangeSeconds,
        double trainingSeconds,
        long peakMemoryBytes,
        @Nullable ValidationMetrics validation) {

    public EpochMetrics withValidation(@Nullable ValidationMetrics measured) {
        return new EpochMetrics(
                epoch,
                iterations,
                samples,
                trainLoss,
                trainTop1Error,
                skippedSteps,
                learningRate,
                seconds,
                imagesPerSecond,
                exposedCommunication,
                exposedExchange,
                exchangeSeconds,
                trainingSeconds,
                peakMemoryBytes,
                measured);
    }
}
