package org.sandglass.job.train;

import java.util.List;
import org.apache.spark.api.java.JavaPairRDD;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.Exchange;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.data.WorkerDeal;

/** The Spark stages of a run: an exchange and a gang for every epoch, and a gang for every evaluation. */
final class EpochStages {

    private final SampleTable table;
    private final Recipe recipe;
    private final int tasks;
    private @Nullable JavaPairRDD<Long, byte[]> validation;

    EpochStages(SampleTable table, Recipe recipe, int tasks) {
        this.table = table;
        this.recipe = recipe;
        this.tasks = tasks;
    }

    /** The plan of the epoch that comes after {@code completed} epochs. */
    EpochPlan plan(int completed) {
        return new EpochPlan(
                table.samples(),
                recipe.training().workers(),
                recipe.training().perWorkerBatchSize(),
                recipe.training().seed(),
                completed);
    }

    List<TaskOutcome> train(Gang gang, EpochPlan plan, @Nullable String checkpoint, String checkpoints)
            throws Gang.Lost {
        JavaPairRDD<Long, byte[]> samples = Exchange.shuffle(table, plan, new WorkerDeal(plan.workers(), tasks));
        try {
            return gang.run(
                    "epoch " + (plan.epoch() + 1) + " of " + recipe.training().epochs() + ": train",
                    samples,
                    plan.epoch(),
                    checkpoint,
                    new EpochWork(plan, table.locator(), checkpoints));
        } finally {
            samples.rdd().cleanShuffleDependencies(false);
        }
    }

    List<TaskOutcome> evaluate(Gang gang, SampleTable held, int completed, @Nullable String checkpoint)
            throws Gang.Lost {
        if (validation == null) {
            validation = Exchange.inOrder(held, tasks);
        }
        return gang.run(
                "epoch " + completed + " of " + recipe.training().epochs() + ": evaluate",
                validation,
                completed,
                checkpoint,
                new EvaluationWork(held.locator(), held.samples()));
    }
}
