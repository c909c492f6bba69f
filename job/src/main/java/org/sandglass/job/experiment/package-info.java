/**
 * Runs against each other: several seeds of several settings, run as a queue, and what their curves and errors say. May
 * depend on {@code config}, {@code data}, {@code doctor}, {@code report}, {@code train} and {@code failure}; only the command
 * line depends on it.
 */
@NullMarked
package org.sandglass.job.experiment;

import org.jspecify.annotations.NullMarked;
