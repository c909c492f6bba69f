/**
 * What a run will need, told before it starts. Depends on {@code config}, {@code data}, {@code report}'s
 * charts and {@code failure}, and on {@code ops}; only the command line depends on it.
 */
@NullMarked
package org.sandglass.job.plan;

import org.jspecify.annotations.NullMarked;
