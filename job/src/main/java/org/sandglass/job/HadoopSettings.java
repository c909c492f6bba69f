package org.sandglass.job;

import java.util.Properties;
import org.apache.hadoop.conf.Configuration;

/** Hadoop's settings for commands that open no Spark session. */
final class HadoopSettings {

    private static final String PREFIX = "spark.hadoop.";

    private HadoopSettings() {}

    /** Hadoop's configuration as Spark would make it from its own settings. */
    static Configuration configuration() {
        Configuration configuration = new Configuration();
        Properties settings = System.getProperties();
        for (String name : settings.stringPropertyNames()) {
            if (name.startsWith(PREFIX)) {
                configuration.set(name.substring(PREFIX.length()), settings.getProperty(name));
            }
        }
        return configuration;
    }
}
