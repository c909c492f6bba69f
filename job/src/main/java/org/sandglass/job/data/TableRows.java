package org.sandglass.job.data;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.max;
import static org.apache.spark.sql.functions.min;

import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A table's rows as Spark reads them, with columns {@code bytes}, {@code path}, {@code label}, {@code file} and {@code
 * row}.
 */
final class TableRows {

    static final int BYTES = 0;
    static final int PATH = 1;
    static final int LABEL = 2;
    static final int FILE = 3;
    static final int ROW = 4;

    /** Labels over all rows; minimum and maximum are 0 where there is none. */
    record LabelRange(long rows, long labels, long minimum, long maximum) {}

    private final Dataset<Row> rows;

    private TableRows(Dataset<Row> rows) {
        this.rows = rows;
    }

    static TableRows of(SparkSession spark, Path path, TableColumns columns) {
        SparkSession session = spark.newSession();
        // A batch of Spark's default 4096 rows is half a gigabyte of images.
        session.conf().set("spark.sql.parquet.columnarReaderBatchSize", "32");
        session.conf().set("spark.sql.caseSensitive", "true");
        // Samples must never be left out silently.
        session.conf().set("spark.sql.files.ignoreCorruptFiles", "false");
        session.conf().set("spark.sql.files.ignoreMissingFiles", "false");
        Dataset<Row> table = session.read()
                .schema(columns.sparkSchema())
                .option("recursiveFileLookup", "true")
                .parquet(withoutWildcards(path.toString()));
        Column imagePath = columns.hasPath() ? col(columns.pathColumn()) : lit("");
        return new TableRows(table.select(
                col(columns.bytesColumn()).as("bytes"),
                imagePath.as("path"),
                col(columns.labelColumn()).cast("long").as("label"),
                col("_metadata.file_path").as("file"),
                col("_metadata.row_index").as("row")));
    }

    Dataset<Row> all() {
        return rows;
    }

    LabelRange labelRange() {
        Row range = rows.agg(count(lit(1)), count(col("label")), min("label"), max("label"))
                .first();
        return new LabelRange(
                range.getLong(0),
                range.getLong(1),
                range.isNullAt(2) ? 0 : range.getLong(2),
                range.isNullAt(3) ? 0 : range.getLong(3));
    }

    /** The columns {@code label}, {@code file} and {@code row} of the first row, in id order, that {@code which} is true of. */
    Optional<Row> first(Column which) {
        return rows.filter(which).select("label", "file", "row").orderBy("file", "row").takeAsList(1).stream()
                .findFirst();
    }

    private static String withoutWildcards(String path) {
        return path.replaceAll("([\\\\{}\\[\\]*?])", "\\\\$1");
    }
}
