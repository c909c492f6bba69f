/**
 * Samples on their way from a table to a network: identity, order, exchange, packs, decoding, audit. Depends on {@code
 * failure}, {@code ops.image} and {@code ops.random}, Spark SQL, Parquet, Hadoop's file systems and Jackson.
 */
@NullMarked
package org.sandglass.job.data;

import org.jspecify.annotations.NullMarked;
