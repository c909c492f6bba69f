/**
 * What a run will need, told before it starts. Depends on {@code config}, {@code data} and {@code failure} and on {@code
 * ops.device} and {@code ops.nn}; only the command line depends on it.
 */
@NullMarked
package org.sandglass.job.plan;

import org.jspecify.annotations.NullMarked;
