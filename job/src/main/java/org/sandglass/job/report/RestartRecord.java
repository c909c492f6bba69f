package org.sandglass.job.report;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * A line of {@code restarts.jsonl}.
 *
 * @param at ISO 8601 in UTC
 * @param what was taken up: "train epoch 3", or the run
 * @param why what was lost; empty for a driver, which knows nothing of the one before it
 */
public record RestartRecord(Kind kind, String at, String what, String why) {

    /** Who began. */
    public enum Kind {
        /** A driver took up the run, be it for the first time or again. */
        @JsonProperty("driver")
        DRIVER,
        /** A driver submitted a stage again. */
        @JsonProperty("stage")
        STAGE
    }
}
