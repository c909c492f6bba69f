/**
 * What {@code sandglass doctor} finds out about a cluster before anything is trained on it.
 *
 * <p>May depend on {@code cluster}, {@code train} and what they depend on; only the command line depends on it.
 */
@NullMarked
package org.sandglass.job.doctor;

import org.jspecify.annotations.NullMarked;
