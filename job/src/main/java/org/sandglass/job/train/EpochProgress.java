package org.sandglass.job.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.sandglass.job.data.AuditReport;
import org.sandglass.job.report.IterationMetrics;

/**
 * What belongs to a state in the middle of an epoch beside weights, statistics and momentum: then an epoch that goes on
 * from it is audited and reported as one that was never stopped.
 *
 * @param audit what all ranks together trained on
 * @param totals sums over the epoch so far
 * @param logged iterations of the epoch so far
 * @param seconds of training that led here
 */
record EpochProgress(AuditReport audit, TaskOutcome.Totals totals, List<IterationMetrics> logged, double seconds) {

    static final EpochProgress NONE = new EpochProgress(AuditReport.NONE, TaskOutcome.Totals.NONE, List.of(), 0);

    private static final ObjectMapper JSON = new ObjectMapper();

    EpochProgress {
        logged = List.copyOf(logged);
    }

    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot write an epoch's progress", e);
        }
    }

    /** @throws IllegalArgumentException if this is not what {@link #toJson} wrote */
    static EpochProgress fromJson(String json) {
        try {
            return JSON.readValue(json, EpochProgress.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Cannot read an epoch's progress: " + e.getOriginalMessage(), e);
        }
    }
}
