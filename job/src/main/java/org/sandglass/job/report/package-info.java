/**
 * What a run tells people and scripts: its directory, its progress, its report. May depend on {@code config},
 * {@code data}'s ledger entry, {@code failure} and on Hadoop's file systems; never on Spark.
 */
@NullMarked
package org.sandglass.job.report;

import org.jspecify.annotations.NullMarked;
