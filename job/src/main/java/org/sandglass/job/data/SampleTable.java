package org.sandglass.job.data;

import static org.apache.spark.sql.functions.col;

import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.JobFailure;

/**
 * A labelled image table in Parquet, checked: a file or a directory on any Hadoop file system, in either schema of
 * {@link TableColumns}. Files below the root whose names start with {@code _} or {@code .} are ignored.
 *
 * <p>A sample's id is its rank in (file path, row index), so that ids are [0, samples). Lives on the driver; holds one
 * entry a file, nothing a sample. Immutable.
 */
public final class SampleTable {

    /** A greater label is taken for a mistake: a network of so many outputs could not be trained. */
    private static final int MAXIMUM_CLASSES = 1_000_000;

    private final TableRows rows;
    private final Broadcast<FileIndex> index;
    private final List<TableFile> files;
    private final int classes;
    private final List<String> classNames;

    private SampleTable(
            TableRows rows, Broadcast<FileIndex> index, List<TableFile> files, int classes, List<String> classNames) {
        this.rows = rows;
        this.index = index;
        this.files = files;
        this.classes = classes;
        this.classNames = classNames;
    }

    /**
     * Lists the files, reads their footers, and scans the labels once.
     *
     * @throws JobFailure (data) naming the file, and the row where it is one, if this is not a table that can be
     *     trained on
     */
    public static SampleTable open(SparkSession spark, String uri) {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        TableListing listing = TableListing.of(uri, hadoop);
        List<TableFile> files = TableFooters.read(uri, listing, hadoop);
        FileIndex index = new FileIndex(uri, listing.root(), files);
        if (index.samples() == 0) {
            throw JobFailure.data("Cannot open table %s: it has no rows".formatted(uri));
        }
        TableRows rows = TableRows.of(spark, new Path(uri), files.get(0).columns());
        for (TableFile file : files) {
            if (file.hasNullImages()) {
                TableRows one = TableRows.of(spark, new Path(listing.root(), file.name()), file.columns());
                throw wrongRow(index, one, col("bytes").isNull(), "image is null");
            }
        }
        Optional<TableManifest> manifest = listing.isDirectory() ? TableManifest.read(hadoop, uri) : Optional.empty();
        manifest.ifPresent(promised -> checkRows(index, promised));
        int classes = classesOf(index, rows);
        Broadcast<FileIndex> broadcast =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(index);
        SampleTable table = new SampleTable(
                rows,
                broadcast,
                List.copyOf(files),
                classes,
                manifest.map(TableManifest::classNames).orElse(List.of()));
        return manifest.map(promised -> table.withClasses(promised.classes())).orElse(table);
    }

    /**
     * Finds out without Spark whether there is a table. A command that opens Spark for nothing waits for it, and Spark that is
     * closed while its executors start says so at length.
     *
     * @throws JobFailure (data) if there is nothing, or a table that was not finished
     */
    public static void requirePresent(String uri, Configuration hadoop) {
        if (TableListing.of(uri, hadoop).isDirectory()) {
            TableManifest.read(hadoop, uri);
        }
    }

    /**
     * The same table read as one of so many classes: a validation table by its training table's.
     *
     * @throws JobFailure (data) naming file and row, if a label is not in [0, classes)
     */
    public SampleTable withClasses(int classes) {
        if (this.classes > classes) {
            throw wrongRow(
                    index.value(), rows, col("label").geq(classes), "label must be in [0, %d)".formatted(classes));
        }
        return new SampleTable(rows, index, files, classes, classNames);
    }

    /**
     * The same table as {@link #withClasses}, which must not call its classes by other names than {@code names}.
     *
     * @param names by label; empty if they are not known
     * @throws JobFailure (data) naming the first label that means two things
     */
    public SampleTable withClasses(int classes, List<String> names) {
        for (int label = 0; label < Math.min(names.size(), classNames.size()); label++) {
            if (!names.get(label).equals(classNames.get(label))) {
                throw JobFailure.data(
                        "Cannot use table %s: its label %d is %s, and that of the training table is %s; prepare both from the same classes"
                                .formatted(uri(), label, classNames.get(label), names.get(label)));
            }
        }
        return withClasses(classes);
    }

    public String uri() {
        return index.value().uri();
    }

    public long samples() {
        return index.value().samples();
    }

    /** Bytes of all encoded images together. */
    public long imageBytes() {
        return files.stream().mapToLong(TableFile::imageBytes).sum();
    }

    /** Bytes of the images of the largest row group: what a task that reads this table holds in its heap. */
    public long rowGroupBytes() {
        return files.stream().mapToLong(TableFile::rowGroupBytes).max().orElse(0);
    }

    /** What the manifest says, else the greatest label and one. */
    public int classes() {
        return classes;
    }

    /** Names by label, from the manifest. */
    public Optional<List<String>> classNames() {
        return classNames.isEmpty() ? Optional.empty() : Optional.of(classNames);
    }

    /** Where samples lie, for error messages; usable on executors. */
    public SampleLocator locator() {
        Broadcast<FileIndex> files = index;
        return id -> files.value().describe(id);
    }

    /** All rows: {@code bytes}, {@code path} and {@code label}, an integer. */
    public Dataset<Row> images() {
        return rows.all().select(col("bytes"), col("path"), col("label").cast("int"));
    }

    /**
     * How a host's pack of this table is built.
     *
     * @param directory where packs are kept on every host; null for one of the user's
     */
    public PackOrder pack(@Nullable String directory) {
        return new PackOrder(PackPlan.of(uri(), files, directory), index, classes);
    }

    List<TableFile> files() {
        return files;
    }

    JavaRDD<Row> rows() {
        return rows.all().javaRDD();
    }

    Broadcast<FileIndex> index() {
        return index;
    }

    private static void checkRows(FileIndex index, TableManifest manifest) {
        if (index.samples() != manifest.rows()) {
            throw JobFailure.data(
                    "Cannot use table %s: its manifest promises %d rows, but it has %d: an incomplete copy?"
                            .formatted(index.uri(), manifest.rows(), index.samples()));
        }
    }

    private static int classesOf(FileIndex index, TableRows rows) {
        TableRows.LabelRange range = labelRange(index, rows);
        if (range.rows() != index.samples()) {
            throw JobFailure.data("Cannot read table %s: its footers say %d rows, but %d were read"
                    .formatted(index.uri(), index.samples(), range.rows()));
        }
        if (range.labels() != range.rows()) {
            throw wrongRow(index, rows, col("label").isNull(), "label is null");
        }
        if (range.minimum() < 0) {
            throw wrongRow(index, rows, col("label").lt(0), "label must not be negative");
        }
        if (range.maximum() >= MAXIMUM_CLASSES) {
            throw wrongRow(
                    index,
                    rows,
                    col("label").geq(MAXIMUM_CLASSES),
                    "label must be in [0, %d)".formatted(MAXIMUM_CLASSES));
        }
        return (int) range.maximum() + 1;
    }

    @SuppressWarnings("CatchingUnchecked") // Spark throws checked exceptions without declaring them
    private static TableRows.LabelRange labelRange(FileIndex index, TableRows rows) {
        try {
            return rows.labelRange();
        } catch (Exception e) {
            throw JobFailure.data("Cannot read table %s: %s".formatted(index.uri(), firstLine(rootCause(e))), e);
        }
    }

    private static String firstLine(Throwable failure) {
        return String.valueOf(failure).lines().findFirst().orElse("");
    }

    private static Throwable rootCause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static JobFailure wrongRow(FileIndex index, TableRows rows, Column wrong, String reason) {
        String where = rows.first(wrong)
                .map(row -> "%s (label %s)"
                        .formatted(index.describe(index.file(row.getString(1)), row.getLong(2)), row.get(0)))
                .orElse("a row");
        return JobFailure.data("Cannot use table %s: %s: %s".formatted(index.uri(), where, reason));
    }
}
