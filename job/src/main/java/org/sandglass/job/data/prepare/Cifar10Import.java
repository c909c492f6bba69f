package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;

/**
 * Imports CIFAR-10 from its binary version: {@code cifar-10-binary.tar.gz}, or the folder that it unpacks to.
 *
 * <p>Writes two tables, {@code OUT/train} (data_batch_1 to 5) and {@code OUT/test} (test_batch), of lossless PNGs; the
 * class names are those of batches.meta.txt. One task reads one batch.
 */
public final class Cifar10Import {

    private static final String TEST_BATCH = "test_batch.bin";
    private static final List<String> TRAIN_BATCHES =
            IntStream.rangeClosed(1, 5).mapToObj("data_batch_%d.bin"::formatted).toList();

    /**
     * What to import.
     *
     * @param source URI of the archive, or of the folder with its files
     * @param out URI of a directory for the tables train and test
     */
    public record Options(String source, String out) {}

    private Cifar10Import() {}

    /**
     * Imports without telling how far it is.
     *
     * @throws JobFailure (usage) if a table is there already; (data) if a file is missing or is not CIFAR-10's
     */
    public static ImportResult run(SparkSession spark, Options options) {
        return run(spark, options, ImportProgress.silent());
    }

    /**
     * Imports.
     *
     * @throws JobFailure (usage) if a table is there already; (data) if a file is missing or is not CIFAR-10's
     */
    public static ImportResult run(SparkSession spark, Options options, ImportProgress progress) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        TableTarget train = new TableTarget(hadoop, options.out() + "/train");
        TableTarget test = new TableTarget(hadoop, options.out() + "/test");
        train.requireFree();
        test.requireFree();
        Cifar10Files files = Cifar10Files.open(hadoop, options.source());
        List<String> classNames = files.classNames();
        files.requireAll(TRAIN_BATCHES);
        files.requireAll(List.of(TEST_BATCH));
        TableWriter writer = new TableWriter(spark, progress);
        Map<String, TableManifest> tables = new LinkedHashMap<>();
        tables.putAll(
                write(spark, writer, files, train, TRAIN_BATCHES, classNames).tables());
        tables.putAll(write(spark, writer, files, test, List.of(TEST_BATCH), classNames)
                .tables());
        return new ImportResult(tables, 0, List.of());
    }

    private static ImportResult write(
            SparkSession spark,
            TableWriter writer,
            Cifar10Files files,
            TableTarget target,
            List<String> batches,
            List<String> classNames) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> configuration =
                context.broadcast(new SerializableConfiguration(target.hadoop()));
        String source = files.source();
        int classes = classNames.size();
        return target.fill(() -> {
            PartReport report = writer.write(
                    batches,
                    batch -> read(configuration.value().value(), source, batch, classes),
                    new TableWriter.Amount(files.images(batches), 0),
                    target.uri());
            TableManifest manifest = new TableManifest(
                    report.rows(), classes, classNames, 0, report.checksum(), source, "sandglass prepare cifar10");
            return new TableTarget.Filled(manifest, List.of());
        });
    }

    private static Iterator<PreparedImage> read(Configuration hadoop, String source, String batch, int classes)
            throws IOException {
        Cifar10Batch images = new Cifar10Batch(Cifar10Files.open(hadoop, source).stream(batch), batch, classes);
        TaskCompletionListener listener = context -> images.close();
        TaskContext.get().addTaskCompletionListener(listener);
        return images;
    }
}
