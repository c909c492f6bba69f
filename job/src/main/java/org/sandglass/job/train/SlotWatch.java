package org.sandglass.job.train;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a job that waits for executors which do not come: Spark holds a barrier stage back for as long as it has fewer
 * slots than tasks. Ends one, too, that the driver has a reason to submit again.
 */
public final class SlotWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SlotWatch.class);
    private static final long PERIOD_MILLIS = 500;

    private final ScheduledExecutorService timer;
    private final ScheduledFuture<?> watching;

    private SlotWatch(ScheduledExecutorService timer, ScheduledFuture<?> watching) {
        this.timer = timer;
        this.watching = watching;
    }

    /**
     * Watches a group's jobs until it is closed.
     *
     * @param tasks that the stage needs at once
     * @param timeout for which slots may be too few
     * @param objection whether there is such a reason
     */
    public static SlotWatch start(
            JavaSparkContext spark, String jobGroup, int tasks, Duration timeout, BooleanSupplier objection) {
        ExecutorSlots.forgetShortage();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(runnable -> {
            Thread thread = new Thread(runnable, "sandglass-slots");
            thread.setDaemon(true);
            return thread;
        });
        ScheduledFuture<?> watching = timer.scheduleWithFixedDelay(
                () -> {
                    if (ExecutorSlots.isShortSince(spark.getConf(), tasks, timeout)) {
                        LOG.warn("Cancelling a stage of {} tasks: lost executors were not replaced", tasks);
                        spark.cancelJobGroup(jobGroup);
                    } else if (objection.getAsBoolean()) {
                        LOG.warn("Cancelling a stage: a checkpoint must be written again");
                        spark.cancelJobGroup(jobGroup);
                    }
                },
                PERIOD_MILLIS,
                PERIOD_MILLIS,
                TimeUnit.MILLISECONDS);
        return new SlotWatch(timer, watching);
    }

    @Override
    public void close() {
        watching.cancel(false);
        timer.shutdownNow();
    }
}
