package org.sandglass.job.cluster;

import java.util.List;
import org.apache.spark.SparkConf;
import org.sandglass.job.config.CollectiveSettings;

/** Whether the tasks' own connections are encrypted: as the recipe says, or as Spark's are. */
public final class CollectiveEncryption {

    private static final List<String> OF_SPARK = List.of(
            "spark.network.crypto.enabled",
            "spark.authenticate.enableSaslEncryption",
            "spark.ssl.enabled",
            "spark.ssl.rpc.enabled");

    private CollectiveEncryption() {}

    /** Whether they are, in an application with these settings of Spark. */
    public static boolean wanted(CollectiveSettings.Encryption choice, SparkConf spark) {
        return switch (choice) {
            case TRUE -> true;
            case FALSE -> false;
            case AUTO -> OF_SPARK.stream().anyMatch(key -> spark.getBoolean(key, false));
        };
    }
}
