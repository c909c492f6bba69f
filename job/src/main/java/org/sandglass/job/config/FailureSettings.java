package org.sandglass.job.config;

/**
 * What a run survives.
 *
 * @param maxRestarts how often the driver submits a failed epoch again in one run
 */
public record FailureSettings(int maxRestarts, CorruptImage corruptImage) {

    /** What an image that cannot be decoded does: end the run, or be left out and counted in the ledger. */
    public enum CorruptImage {
        FAIL,
        SKIP
    }
}
