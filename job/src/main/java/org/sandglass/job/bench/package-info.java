/**
 * Measuring without Spark: whole training steps in one process. Depends on {@code data}, {@code config}, {@code failure}
 * and on every package of {@code ops}.
 */
@NullMarked
package org.sandglass.job.bench;

import org.jspecify.annotations.NullMarked;
