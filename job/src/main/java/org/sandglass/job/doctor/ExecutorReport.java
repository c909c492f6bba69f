package org.sandglass.job.doctor;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a task found where it runs; travels to the driver as JSON.
 *
 * @param executor Spark's id of the executor
 * @param device identity of the GPU that Spark gave the task; empty if none
 * @param threads processors of the task
 * @param clockOffsetMillis the driver's clock minus the host's; null if the driver did not answer
 * @param clockErrorMillis how wrong that may be: half of the time that the answer took
 * @param nativeProblem why native libraries do not work; null if they do
 * @param cudaProblem why NVIDIA's libraries cannot be used, and which are needed; null if they can
 * @param ncclProblem why NCCL cannot be used where all else can; null if it can
 * @param fileProblem why checkpoints could not be written; null if they could, or nobody asked
 * @param meshProblem why the ranks could not be connected; null if they could
 * @param memoryBytes of the host or the container
 * @param heapBytes what the executor's heap may grow to
 */
record ExecutorReport(
        int rank,
        String executor,
        String host,
        String device,
        int threads,
        String javaVersion,
        String sparkVersion,
        String build,
        @Nullable Long clockOffsetMillis,
        long clockErrorMillis,
        @Nullable String nativeProblem,
        @Nullable String cudaProblem,
        @Nullable String ncclProblem,
        @Nullable String fileProblem,
        @Nullable String meshProblem,
        long memoryBytes,
        long heapBytes,
        List<Disk> disks) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A directory that Spark shuffles into.
     *
     * @param store name of the disk, the same for directories on one disk
     */
    record Disk(String path, String store, long freeBytes) {}

    String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot write the report of rank " + rank, e);
        }
    }

    static ExecutorReport fromJson(String json) {
        try {
            return JSON.readValue(json, ExecutorReport.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot read an executor's report: " + json, e);
        }
    }
}
