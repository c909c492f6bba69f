/**
 * Imports that write tables: image folders, archives, generated images. Depends on {@code data}'s manifest, {@code
 * failure}, {@code ops.image}, {@code ops.random} and Spark.
 */
@NullMarked
package org.sandglass.job.data.prepare;

import org.jspecify.annotations.NullMarked;
