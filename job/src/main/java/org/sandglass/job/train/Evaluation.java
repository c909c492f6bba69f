package org.sandglass.job.train;

import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.checkpoint.Checkpoint;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.checkpoint.CheckpointStore;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.Exchange;
import org.sandglass.job.data.LedgerEntry;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.ValidationMetrics;

/** Evaluates a checkpoint on a table: exact counts over all executors. */
public final class Evaluation {

    private Evaluation() {}

    /**
     * Evaluates.
     *
     * @param checkpointUri a checkpoint's directory, or a run's
     * @param dataUri a table whose labels are the checkpoint's classes
     * @throws JobFailure with the exit code that says what is wrong
     */
    public static ValidationMetrics run(SparkSession session, String checkpointUri, String dataUri) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        Checkpoint checkpoint = CheckpointStore.open(spark.hadoopConfiguration(), checkpointUri);
        CheckpointManifest manifest = checkpoint.manifest();
        Recipe recipe = Recipe.parse(manifest.recipe(), checkpoint.uri());
        SampleTable table = SampleTable.open(session, dataUri).withClasses(manifest.classes(), manifest.classNames());
        Gang gang = Gang.ofAllSlots(spark, recipe, manifest.classes());
        try {
            List<TaskOutcome> outcomes = gang.run(
                    "evaluate " + checkpoint.uri(),
                    Exchange.inOrder(table, gang.tasks()),
                    StateSource.exactly(manifest.iteration(), checkpoint.uri()),
                    new EvaluationWork(table.locator(), table.samples()));
            return metrics(manifest.epoch(), table, outcomes);
        } catch (Gang.Lost e) {
            throw new JobFailure(ExitCode.CLUSTER, "Cannot evaluate " + checkpoint.uri() + ": " + e.getMessage(), e);
        }
    }

    /** @throws JobFailure if the tasks did not evaluate every sample of the table exactly once */
    static ValidationMetrics metrics(int epoch, SampleTable table, List<TaskOutcome> outcomes) {
        LedgerEntry audit =
                LedgerEntry.of(epoch, outcomes.stream().map(TaskOutcome::audit).toList(), table.samples());
        if (!audit.exact()) {
            throw JobFailure.data("Cannot evaluate on " + table.uri() + ": " + audit.verdict());
        }
        TaskOutcome.Totals totals =
                outcomes.stream().map(TaskOutcome::totals).reduce(TaskOutcome.Totals.NONE, TaskOutcome.Totals::plus);
        return new ValidationMetrics(totals.samples(), totals.meanLoss(), totals.top1Error(), totals.top5Error());
    }
}
