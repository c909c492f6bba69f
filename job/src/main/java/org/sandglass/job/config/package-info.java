/**
 * A run's recipe: records read from HOCON, validated whole, every error with its file and line.
 * May depend on {@code job.failure} and on the vocabulary of {@code ops}; never on Spark.
 */
@NullMarked
package org.sandglass.job.config;

import org.jspecify.annotations.NullMarked;
