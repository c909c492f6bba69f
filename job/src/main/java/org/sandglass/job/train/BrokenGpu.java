package org.sandglass.job.train;

import org.apache.spark.SparkEnv;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.device.cuda.CudaFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What becomes of a task whose GPU fails in the middle of its work. */
final class BrokenGpu {

    private static final Logger LOG = LoggerFactory.getLogger(BrokenGpu.class);
    private static final int EXIT_CODE = 70;

    /** The id of the executor that Spark's local mode has in the driver's process. */
    private static final String DRIVER = "driver";

    private BrokenGpu() {}

    /**
     * After an error that only another process may get over: ends this executor, which Spark replaces, as it does one that was
     * lost. An executor within the driver's process stays, and says what was lost.
     */
    static TaskOutcome lost(int rank, Worker worker, CudaFailure failure) {
        String message = "rank " + rank + ": " + failure.getMessage();
        if (SparkEnv.get().executorId().equals(DRIVER)) {
            leave(worker);
            return TaskOutcome.lost(rank, String.valueOf(failure.getMessage()));
        }
        ProgressPlugin.tellNow(message + "; its executor ends, to be replaced");
        LOG.error("This executor ends: {}", message);
        // Not an orderly end: what would be closed is the GPU's, where every call fails, or hangs.
        Runtime.getRuntime().halt(EXIT_CODE);
        throw failure;
    }

    /** After an error that would come again. */
    static TaskOutcome failed(int rank, Worker worker, CudaFailure failure) {
        leave(worker);
        String host = SparkEnv.get().blockManager().blockManagerId().host();
        return TaskOutcome.failed(
                rank, new JobFailure(ExitCode.CLUSTER, "Host " + host + ": " + failure.getMessage(), failure));
    }

    private static void leave(Worker worker) {
        try {
            worker.leaveGroup();
        } catch (CudaFailure e) {
            LOG.warn("Cannot leave the group in order", e);
        }
    }
}
