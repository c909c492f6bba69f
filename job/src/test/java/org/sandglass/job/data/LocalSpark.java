package org.sandglass.job.data;

import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/** The one Spark of this JVM's tests. */
final class LocalSpark {

    private static @Nullable SparkSession session;

    private LocalSpark() {}

    /** Started anew if another test has stopped it. */
    static synchronized SparkSession session() {
        SparkSession current = session;
        if (current == null || current.sparkContext().isStopped()) {
            current = start();
            session = current;
        }
        return current;
    }

    private static SparkSession start() {
        SparkSession session = SparkSession.builder()
                .master("local[2]")
                .appName("tests")
                .config("spark.ui.enabled", "false")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.sql.warehouse.dir", "target/spark-warehouse")
                .getOrCreate();
        session.sparkContext().setLogLevel("ERROR");
        return session;
    }
}
