/**
 * Training on a Spark cluster: the driver's loop over epochs and, in every barrier task, the loop over iterations.
 *
 * <p>May depend on every package of {@code ops} and on {@code config}, {@code data}, {@code checkpoint} and
 * {@code report}; only the command line depends on it.
 */
@NullMarked
package org.sandglass.job.train;

import org.jspecify.annotations.NullMarked;
