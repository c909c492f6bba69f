package org.sandglass.job.data.prepare;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.CollectionAccumulator;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

/**
 * Writes images as Parquet: {@code image: struct<bytes: binary, path: string>, label: int}.
 *
 * <p>Uncompressed, since JPEG and PNG do not shrink, and in row groups small enough for many to be written at once.
 */
final class TableWriter {

    private static final long ROW_GROUP_BYTES = 32L << 20;
    private static final long FILE_BYTES = 256L << 20;
    private static final long MAX_ROWS_PER_FILE = 500_000;
    private static final StructType SCHEMA = DataTypes.createStructType(new StructField[] {
        DataTypes.createStructField(
                "image",
                DataTypes.createStructType(new StructField[] {
                    DataTypes.createStructField("bytes", DataTypes.BinaryType, false),
                    DataTypes.createStructField("path", DataTypes.StringType, false)
                }),
                false),
        DataTypes.createStructField("label", DataTypes.IntegerType, false)
    });

    private final SparkSession spark;
    private final ImportProgress progress;

    TableWriter(SparkSession spark, ImportProgress progress) {
        this.spark = spark;
        this.progress = progress;
    }

    /**
     * How much there is to write.
     *
     * @param images number of images
     * @param bytes their size; 0 if not known
     */
    record Amount(long images, long bytes) {

        /** So that a task that has a whole archive to write makes no larger files than others do. */
        long rowsPerFile() {
            return bytes == 0
                    ? MAX_ROWS_PER_FILE
                    : Math.max(1, Math.min(MAX_ROWS_PER_FILE, images * FILE_BYTES / bytes));
        }
    }

    /**
     * One task per part: the images that {@code reader} makes of it.
     *
     * @return what was written; unreadable images were left out
     */
    <P extends Serializable> PartReport write(
            List<P> parts, FlatMapFunction<P, PreparedImage> reader, Amount amount, String uri) {
        List<byte[]> encoded = parts.stream().map(PartCodec::encode).toList();
        JavaRDD<PreparedImage> images = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(encoded, encoded.size())
                .mapPartitions(items -> images(items, reader));
        return write(images, amount, uri);
    }

    /**
     * Each partition's images, in its order.
     *
     * @return what was written; unreadable images were left out
     */
    PartReport write(JavaRDD<PreparedImage> images, Amount amount, String uri) {
        // Within the stage of an action Spark counts each task's updates once, whatever is retried.
        CollectionAccumulator<PartReport> reports = spark.sparkContext().collectionAccumulator("prepared images");
        JavaRDD<Row> rows = images.mapPartitions(items -> new RowIterator(items, reports::add));
        Dataset<Row> table = spark.createDataFrame(rows, SCHEMA);
        try {
            new ProgressWatch(progress, () -> done(reports.value()), amount.images())
                    .during(() -> append(table, amount.rowsPerFile(), uri));
        } catch (Exception e) { // Spark throws its checked exceptions without declaring them
            throw failure(uri, e);
        }
        return PartReport.total(reports.value());
    }

    private static void append(Dataset<Row> table, long rowsPerFile, String uri) {
        table.write()
                .mode(SaveMode.Append)
                .option("compression", "uncompressed")
                .option("parquet.block.size", ROW_GROUP_BYTES)
                .option("parquet.enable.dictionary#image.bytes", "false")
                .option("maxRecordsPerFile", rowsPerFile)
                .parquet(uri);
    }

    private static long done(List<PartReport> parts) {
        return parts.stream().mapToLong(part -> part.rows() + part.skipped()).sum();
    }

    @SuppressWarnings("unchecked") // encoded above
    private static <P> Iterator<PreparedImage> images(Iterator<byte[]> parts, FlatMapFunction<P, PreparedImage> reader)
            throws Exception {
        P part = (P) PartCodec.decode(parts.next());
        if (parts.hasNext()) {
            throw new IllegalStateException("Cannot write a table: more than one part in a task");
        }
        return reader.call(part);
    }

    private static JobFailure failure(String uri, Exception failure) {
        Throwable root = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof JobFailure known) {
                return new JobFailure(known.exitCode(), String.valueOf(known.getMessage()), failure);
            }
            root = cause;
        }
        return new JobFailure(
                ExitCode.OTHER, "Cannot write a table: %s: %s".formatted(uri, root.getMessage()), failure);
    }
}
