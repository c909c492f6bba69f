/**
 * Checkpoints on any Hadoop file system, believed only as far as their manifests say. Depends on {@code failure} and on
 * {@code format} and {@code tensor} of ops.
 */
@NullMarked
package org.sandglass.job.checkpoint;

import org.jspecify.annotations.NullMarked;
