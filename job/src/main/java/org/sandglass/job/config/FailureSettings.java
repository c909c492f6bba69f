package org.sandglass.job.config;

import java.time.Duration;

/**
 * What a run survives.
 *
 * @param maxRestarts how often the driver submits a failed epoch again in one run
 * @param backoff the wait before a restart; doubles as long as restarts bring training no further
 * @param minTasks how few tasks may go on
 * @param replacementTimeout how long to wait for lost executors to be replaced before going on with fewer
 */
public record FailureSettings(
        int maxRestarts, Duration backoff, int minTasks, Duration replacementTimeout, CorruptImage corruptImage) {

    /** What an image that cannot be decoded does: end the run, or be left out and counted in the ledger. */
    public enum CorruptImage {
        FAIL,
        SKIP
    }
}
