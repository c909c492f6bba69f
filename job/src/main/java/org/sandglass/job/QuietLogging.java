package org.sandglass.job;

import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;

/**
 * Keeps Spark's account of its own doings off the terminal. The launcher brings a logging configuration; under a plain
 * {@code spark-submit} without one, Spark's default would show thousands of lines at level INFO.
 */
final class QuietLogging {

    private QuietLogging() {}

    static void apply() {
        boolean configured = System.getProperty("log4j2.configurationFile") != null;
        if (!configured && LogManager.getRootLogger().getLevel().isLessSpecificThan(Level.INFO)) {
            Configurator.setRootLevel(Level.WARN);
        }
    }
}
