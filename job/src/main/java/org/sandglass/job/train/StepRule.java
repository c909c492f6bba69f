package org.sandglass.job.train;

import org.sandglass.job.config.PitfallSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.ops.optim.LearningRate;

/**
 * How far an iteration's gradient moves the weights: what a worker divides its loss by, and the learning rate (Goyal et al.,
 * sections 2 and 3), with the pitfalls that the recipe puts back.
 */
final class StepRule {

    private final EpochPlan plan;
    private final PitfallSettings pitfall;
    private final LearningRate scaled;
    private final LearningRate reference;

    StepRule(Recipe recipe, EpochPlan plan) {
        this.plan = plan;
        this.pitfall = recipe.pitfall();
        this.scaled = recipe.learningRate().schedule(plan.globalBatchSize());
        this.reference = recipe.learningRate().withoutScaling();
    }

    /** The learning rate of an iteration of the epoch. */
    double rate(long iteration) {
        return rate(iteration, pitfall.scaledLoss() ? reference : scaled);
    }

    /**
     * That of the last step before; of the first of all, its own.
     *
     * @param skipped how many iterations before this one made no step
     */
    double previousRate(long iteration, int skipped) {
        return rate(Math.max(iteration - 1 - skipped, -plan.epoch() * plan.iterations()));
    }

    /** What the loss of one sample is multiplied by: 1/kn, so that the sum over all workers is the minibatch's mean. */
    double lossScale(long iteration, int worker) {
        double mean = 1.0 / (pitfall.perWorkerMean() ? plan.samplesOf(iteration, worker) : plan.samplesIn(iteration));
        return pitfall.scaledLoss() ? mean * rate(iteration, scaled) / rate(iteration, reference) : mean;
    }

    private double rate(long iteration, LearningRate schedule) {
        return schedule.at(plan.epoch() * plan.iterations() + iteration, plan.iterations());
    }
}
