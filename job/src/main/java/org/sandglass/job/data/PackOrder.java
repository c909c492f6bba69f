package org.sandglass.job.data;

import java.io.IOException;
import java.io.Serial;
import java.io.Serializable;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.broadcast.Broadcast;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

/** What a task needs to know to build, and to delete, its host's pack of a table: {@link SampleTable#pack}. */
public record PackOrder(PackPlan plan, Broadcast<FileIndex> index, int classes) implements Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /**
     * Completes the pack of this host, together with the other tasks on it, and keeps it from being deleted.
     *
     * @param stopped asked often; building ends with an {@link IllegalStateException} when it says so
     * @return how many segments this task built
     * @throws JobFailure if there is no room for it, or the table is wrong
     */
    public int complete(Configuration hadoop, BooleanSupplier stopped) {
        PackBuilder builder = new PackBuilder(plan, index.value(), classes, hadoop, stopped, PATIENCE);
        builder.prepare();
        try {
            PackUse.begin(plan);
        } catch (IOException e) {
            throw unusable(e);
        }
        return builder.complete();
    }

    /** Deletes the pack of this host unless other processes use it; whether that was done. */
    public boolean delete() {
        try {
            return PackUse.endAndDelete(plan);
        } catch (IOException e) {
            throw unusable(e);
        }
    }

    private JobFailure unusable(IOException e) {
        return new JobFailure(ExitCode.CLUSTER, "Cannot use the pack " + plan.path() + ": " + e, e);
    }
}
