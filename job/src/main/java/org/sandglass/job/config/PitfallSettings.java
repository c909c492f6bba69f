package org.sandglass.job.config;

/**
 * Mistakes to be put back in order to measure what they cost (Goyal et al., section 3); none by default. The fourth one,
 * momentum without its correction, is {@link OptimizerSettings#momentumCorrection}.
 *
 * @param scaledLoss the loss is multiplied instead of the learning rate, and weight decay is left behind
 * @param perWorkerMean every worker divides its loss by its own count n instead of by kn, and the all-reduce still sums
 * @param ownShuffles every worker shuffles the whole set on its own, so that an epoch does not use every sample once
 */
public record PitfallSettings(boolean scaledLoss, boolean perWorkerMean, boolean ownShuffles) {}
