package org.sandglass.job.train;

import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.Exchange;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.data.WorkerDeal;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.plan.Calibration;
import org.sandglass.ops.nn.ResNet;

/** Measures this implementation on the executors at hand, for {@code sandglass plan}. */
public final class Calibrating {

    private Calibrating() {}

    /**
     * Exchanges an epoch of the table, and lets all tasks at once decode, train on made-up images, and sum.
     *
     * @param recipe whose network, minibatch per worker, precision and device are measured; its sums go over the network, also
     *     between tasks of one host
     * @param notes told what is being measured
     * @throws JobFailure if there is one task only, or with the exit code that says what is wrong
     */
    public static Calibration run(SparkSession session, Recipe recipe, String dataUri, Consumer<String> notes) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        SampleTable table = SampleTable.open(session, dataUri);
        Gang gang = Gang.forTraining(spark, recipe, table.classes());
        int tasks = gang.tasks();
        if (tasks < 2) {
            throw JobFailure.cluster(
                    "Cannot calibrate with one task: a sum needs two; give Spark more executors or cores, or"
                            + " lower spark.task.cpus");
        }
        EpochPlan plan = new EpochPlan(
                table.samples(),
                tasks,
                recipe.training().perWorkerBatchSize(),
                recipe.training().seed(),
                0);
        WorkerDeal deal = new WorkerDeal(tasks, tasks);
        StateSource initial = StateSource.exactly(0, null);
        try {
            notes.accept("exchanging " + table.samples() + " images between " + tasks + " tasks");
            JavaPairRDD<Long, byte[]> samples = Exchange.shuffle(table, plan, deal);
            long start = System.nanoTime();
            gang.jobs("calibrate: exchange", () -> {
                Exchange.run(samples);
                return samples.count();
            });
            double exchange = table.imageBytes() / seconds(start);
            notes.accept("decoding, training and summing");
            List<Calibration.Task> measured =
                    gang
                            .run("calibrate: measure", samples, initial, new CalibrationWork(plan, table.locator()))
                            .stream()
                            .map(TaskOutcome::measured)
                            .toList();
            start = System.nanoTime();
            gang.run(
                    "calibrate: nothing",
                    gang.nothing(),
                    initial,
                    (worker, none) -> TaskOutcome.finished(worker.communicator().rank()));
            double stage = seconds(start);
            return Calibration.of(
                    recipe,
                    ResNet.of(
                            recipe.model().name(),
                            table.classes(),
                            recipe.augmentation().size(),
                            recipe.model().zeroGamma()),
                    measured,
                    exchange,
                    stage);
        } catch (Gang.Lost e) {
            throw new JobFailure(ExitCode.CLUSTER, "Cannot calibrate: " + e.getMessage(), e);
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
