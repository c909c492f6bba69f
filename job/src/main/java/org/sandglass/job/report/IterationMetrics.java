package org.sandglass.job.report;

/**
 * One iteration of training.
 *
 * @param epoch from 1
 * @param iteration of the whole run, from 0
 * @param samples in the global minibatch
 * @param loss mean over the global minibatch
 * @param top1Error percent
 * @param learningRate that its step used
 * @param seconds wall time
 * @param exposedCommunication share of the iteration's time in which the training thread waited for the all-reduce
 */
public record IterationMetrics(
        int epoch,
        long iteration,
        long samples,
        double loss,
        double top1Error,
        double learningRate,
        double seconds,
        double imagesPerSecond,
        double exposedCommunication) {}
