package org.sandglass.job.data.prepare;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.xxhash64;

import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;

/**
 * Writes a random part of a table, for experiments with the size of a data set. An image is in it or not by a hash of its
 * bytes and the seed: whatever the order of rows, and the smaller of two fractions is a part of the larger.
 */
public final class TableSubset {

    /**
     * What to choose.
     *
     * @param table URI of the table to choose from
     * @param fraction of its images, between 0 and 1; as it happens, a little more or less
     * @param out URI of the table to write
     */
    public record Options(String table, double fraction, long seed, String out) {}

    private TableSubset() {}

    /**
     * Chooses and writes.
     *
     * @throws JobFailure (usage) if the fraction is none or a table is there already; (data) if there is no table to choose
     *     from, or nothing was chosen
     */
    public static ImportResult run(SparkSession spark, Options options, ImportProgress progress) {
        if (!(options.fraction() > 0 && options.fraction() < 1)) {
            throw JobFailure.usage(
                    "Cannot choose a part of a table: --fraction must be between 0 and 1: " + options.fraction());
        }
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        TableTarget target = new TableTarget(hadoop, options.out());
        target.requireFree();
        SampleTable table = SampleTable.open(spark, options.table());
        // The hash is uniform over all longs.
        long threshold = (long) (Long.MIN_VALUE + options.fraction() * 0x1p64);
        Dataset<Row> chosen = table.images()
                .filter(xxhash64(lit(options.seed()), col("bytes")).lt(lit(threshold)));
        JavaRDD<PreparedImage> images =
                chosen.javaRDD().map(row -> new PreparedImage(row.getAs(0), row.getString(1), row.getInt(2)));
        long expected = Math.round(table.samples() * options.fraction());
        return target.fill(() -> {
            PartReport report =
                    new TableWriter(spark, progress).write(images, new TableWriter.Amount(expected, 0), options.out());
            if (report.rows() == 0) {
                throw JobFailure.data("Cannot choose a part of table %s: none of its %d images was chosen"
                        .formatted(options.table(), table.samples()));
            }
            String command = String.format(
                    Locale.ROOT,
                    "sandglass prepare subset --fraction %s --seed %d",
                    options.fraction(),
                    options.seed());
            TableManifest manifest = new TableManifest(
                    report.rows(),
                    table.classes(),
                    table.classNames().orElse(List.of()),
                    report.skipped(),
                    report.checksum(),
                    options.table(),
                    command);
            return new TableTarget.Filled(manifest, report.unreadable());
        });
    }
}
