package org.sandglass.job.train;

import java.util.List;
import java.util.Optional;
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
    private final Gang gang;
    private @Nullable Exchanged training;
    private @Nullable Exchanged validation;

    EpochStages(SampleTable table, Recipe recipe, Gang gang) {
        this.table = table;
        this.recipe = recipe;
        this.gang = gang;
    }

    /** The plan of the epoch that comes after {@code completed} epochs. */
    EpochPlan plan(int completed) {
        return new EpochPlan(
                table.samples(),
                recipe.training().workers(),
                recipe.training().perWorkerBatchSize(),
                recipe.training().seed(),
                completed,
                recipe.pitfall().ownShuffles());
    }

    /** Trains what is left of an epoch after the newest state that there is. */
    List<TaskOutcome> train(EpochPlan plan, StateSource source, String checkpoints, String snapshots) throws Gang.Lost {
        JavaPairRDD<Long, byte[]> samples = exchange(plan);
        return gang.run(
                "epoch " + (plan.epoch() + 1) + " of " + recipe.training().epochs() + ": train",
                samples,
                source,
                new EpochWork(plan, table.locator(), checkpoints, snapshots));
    }

    /** Writes the checkpoint of the epoch that completes {@code completed}, if an executor still has the state. */
    List<TaskOutcome> writeCheckpoint(int completed, String checkpoints) throws Gang.Lost {
        long iterations = completed * plan(completed).iterations();
        return gang.run(
                "epoch " + completed + " of " + recipe.training().epochs() + ": checkpoint",
                gang.nothing(),
                StateSource.inMemory(iterations),
                new CheckpointWork(completed, checkpoints));
    }

    List<TaskOutcome> evaluate(SampleTable held, int completed, StateSource source) throws Gang.Lost {
        if (validation == null || validation.tasks() != gang.tasks()) {
            validation = new Exchanged(0, gang.tasks(), Exchange.inOrder(held, gang.tasks()));
        }
        return gang.run(
                "epoch " + completed + " of " + recipe.training().epochs() + ": evaluate",
                validation.samples(),
                source,
                new EvaluationWork(held.locator(), held.samples()));
    }

    /** An exchange stays until another is needed: what of it survives a loss need not be done again. */
    private JavaPairRDD<Long, byte[]> exchange(EpochPlan plan) {
        int tasks = gang.tasks();
        if (training == null || training.epoch() != plan.epoch() || training.tasks() != tasks) {
            forgetExchange();
            training = new Exchanged(
                    plan.epoch(), tasks, Exchange.shuffle(table, plan, new WorkerDeal(plan.workers(), tasks)));
        }
        return training.samples();
    }

    /** The exchange of the epoch under way. */
    Optional<JavaPairRDD<Long, byte[]>> currentExchange() {
        return Optional.ofNullable(training).map(Exchanged::samples);
    }

    /** Deletes the files of the last epoch's exchange. */
    void forgetExchange() {
        if (training != null) {
            training.samples().rdd().cleanShuffleDependencies(false);
            training = null;
        }
    }

    private record Exchanged(int epoch, int tasks, JavaPairRDD<Long, byte[]> samples) {}
}
