package org.sandglass.job.train;

import java.util.Collections;
import java.util.List;
import org.apache.spark.api.java.JavaFutureAction;
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
    private @Nullable Ahead ahead;

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
        JavaPairRDD<Long, byte[]> samples = exchanged(plan);
        if (recipe.exchange().ahead() && gang.leavesSlots()) {
            exchangeAhead(plan(plan.epoch() + 1));
        }
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

    private JavaPairRDD<Long, byte[]> exchanged(EpochPlan plan) {
        Ahead waiting = ahead;
        ahead = null;
        return waiting != null && waiting.plan.equals(plan) ? waiting.samples : exchange(plan);
    }

    private JavaPairRDD<Long, byte[]> exchange(EpochPlan plan) {
        return Exchange.shuffle(table, plan, new WorkerDeal(plan.workers(), tasks));
    }

    /**
     * Starts the shuffle of an epoch to come, through a job that reads nothing of it. If that fails, the epoch's own job
     * does the shuffle again and meets the error where it can be told.
     */
    private void exchangeAhead(EpochPlan plan) {
        if (plan.epoch() >= recipe.training().epochs()) {
            return;
        }
        JavaPairRDD<Long, byte[]> samples = exchange(plan);
        ahead = new Ahead(
                plan,
                samples,
                samples.mapPartitions(partition -> Collections.<Long>emptyIterator())
                        .countAsync());
    }

    private record Ahead(EpochPlan plan, JavaPairRDD<Long, byte[]> samples, JavaFutureAction<Long> job) {}

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
