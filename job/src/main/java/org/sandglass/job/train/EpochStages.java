package org.sandglass.job.train;

import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.Finding;
import org.sandglass.job.cluster.SettingChecks;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.Exchange;
import org.sandglass.job.data.SampleTable;

/** The Spark stages of a run: an exchange and a gang for every epoch, and a gang for every evaluation. */
final class EpochStages implements AutoCloseable {

    private final SampleTable table;
    private final Recipe recipe;
    private final Gang gang;
    private final Exchanges exchanges;
    private @Nullable Validation validation;
    private double exchangeSeconds;

    EpochStages(JavaSparkContext spark, SampleTable table, Recipe recipe, Gang gang) {
        this.table = table;
        this.recipe = recipe;
        this.gang = gang;
        this.exchanges = new Exchanges(spark, table, recipe, gang);
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

    /** What reading the table may need more memory for than executors have. */
    Optional<String> warning() {
        Finding rowGroups = SettingChecks.rowGroups(gang.settings(), recipe, table.rowGroupBytes());
        return rowGroups.level() == Finding.Level.OK
                ? Optional.empty()
                : Optional.of("warning: " + table.uri() + ": " + rowGroups.line());
    }

    /** Trains what is left of an epoch after the newest state that there is. */
    List<TaskOutcome> train(EpochPlan plan, StateSource source, String checkpoints, String snapshots) throws Gang.Lost {
        long asked = System.nanoTime();
        JavaPairRDD<Long, byte[]> samples = exchanges.ready(plan);
        exchangeSeconds = (System.nanoTime() - asked) / 1e9;
        if (plan.epoch() + 1 < recipe.training().epochs()) {
            exchanges.prepare(plan(plan.epoch() + 1));
        }
        try {
            return gang.run(
                    "epoch " + (plan.epoch() + 1) + " of " + recipe.training().epochs() + ": train",
                    samples,
                    source,
                    new EpochWork(plan, table.locator(), checkpoints, snapshots));
        } catch (Gang.Lost e) {
            exchanges.abandon();
            throw e;
        }
    }

    /** How long the newest training waited for its exchange before it could begin. */
    double exchangeSeconds() {
        return exchangeSeconds;
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
            validation = new Validation(gang.tasks(), Exchange.inOrder(held, gang.tasks()));
        }
        return gang.run(
                "epoch " + completed + " of " + recipe.training().epochs() + ": evaluate",
                validation.samples(),
                source,
                new EvaluationWork(held.locator(), held.samples()));
    }

    /** The exchange of the epoch under way. */
    Optional<JavaPairRDD<Long, byte[]>> currentExchange() {
        return exchanges.current();
    }

    /** Deletes the files of the last epoch's exchange. */
    void forgetExchange() {
        exchanges.forget();
    }

    @Override
    public void close() {
        exchanges.close();
    }

    private record Validation(int tasks, JavaPairRDD<Long, byte[]> samples) {}
}
