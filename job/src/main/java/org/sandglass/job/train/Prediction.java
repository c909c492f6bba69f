package org.sandglass.job.train;

import java.util.List;
import java.util.UUID;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.sandglass.job.checkpoint.Checkpoint;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.checkpoint.CheckpointStore;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.Exchange;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.failure.JobFailure;

/** Predicts the class of every image of a table with a checkpoint's network. */
public final class Prediction {

    private static final StructType SCHEMA = new StructType()
            .add("id", DataTypes.LongType, false)
            .add("path", DataTypes.StringType, true)
            .add("label", DataTypes.IntegerType, false)
            .add("prediction", DataTypes.IntegerType, false)
            .add("className", DataTypes.StringType, true)
            .add("probability", DataTypes.DoubleType, false);

    private Prediction() {}

    /**
     * Writes a Parquet table: id, path, label, prediction, className, probability.
     *
     * @param checkpointUri a checkpoint's directory, or a run's
     * @param out URI of the table to write; must not exist
     * @return rows written
     * @throws JobFailure with the exit code that says what is wrong
     */
    public static long run(SparkSession session, String checkpointUri, String dataUri, String out) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        refuseOccupied(spark, out);
        Checkpoint checkpoint = CheckpointStore.open(spark.hadoopConfiguration(), checkpointUri);
        CheckpointManifest manifest = checkpoint.manifest();
        SampleTable table = SampleTable.open(session, dataUri).withClasses(manifest.classes(), manifest.classNames());
        Gang gang = Gang.ofAllSlots(spark, Recipe.parse(manifest.recipe(), checkpoint.uri()), manifest.classes());
        StageOrder order = new StageOrder(
                UUID.randomUUID().toString(),
                StageOrder.FIRST_ATTEMPT,
                new byte[0],
                false,
                manifest.recipe(),
                manifest.classes(),
                StateSource.exactly(manifest.iteration(), checkpoint.uri()));
        List<String> classNames = manifest.classNames();
        JavaRDD<Row> rows = Exchange.inOrder(table, gang.tasks())
                .mapPartitions(new PredictionTask(order, table.locator(), classNames));
        session.createDataFrame(rows, SCHEMA)
                .write()
                .mode(SaveMode.ErrorIfExists)
                .parquet(out);
        return table.samples();
    }

    private static void refuseOccupied(JavaSparkContext spark, String out) {
        Path path = new Path(out);
        try (FileSystem files = FileSystem.newInstance(path.toUri(), spark.hadoopConfiguration())) {
            if (files.exists(path)) {
                throw JobFailure.usage("Cannot write predictions: " + out + " exists; choose another --out");
            }
        } catch (java.io.IOException e) {
            throw new JobFailure(
                    org.sandglass.job.failure.ExitCode.DATA,
                    "Cannot write predictions to " + out + ": " + e.getMessage(),
                    e);
        }
    }
}
