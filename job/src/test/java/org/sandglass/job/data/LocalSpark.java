package org.sandglass.job.data;

import org.apache.spark.sql.SparkSession;

/** The one Spark of this JVM's tests. */
final class LocalSpark {

    private static final SparkSession SESSION = start();

    private LocalSpark() {}

    static SparkSession session() {
        return SESSION;
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
