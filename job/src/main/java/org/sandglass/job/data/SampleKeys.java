package org.sandglass.job.data;

/** From the id of a sample to its key in an exchange: injective. */
@FunctionalInterface
interface SampleKeys {
    long keyOf(long id);
}
