package org.sandglass.job.data;

/**
 * What an epoch's workers say they trained on, compared with what the data set says it must be.
 *
 * @param epoch from 1
 * @param samples that contributed to a gradient
 * @param distinct of these
 * @param skipped because their image could not be decoded, where the recipe allows that
 * @param checksum order-free checksum of the samples' identifiers
 * @param expected the checksum that it must be
 * @param verdict {@code exact}, or what is wrong
 */
public record LedgerEntry(
        int epoch, long samples, long distinct, long skipped, String checksum, String expected, String verdict) {}
