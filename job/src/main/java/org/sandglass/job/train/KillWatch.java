package org.sandglass.job.train;

import org.apache.spark.TaskContext;

/**
 * Ends what a task waits for once Spark wants the task to end. Spark only raises a flag, which a task that waits for a
 * frozen peer would see no sooner than at its deadline.
 */
final class KillWatch implements AutoCloseable {

    private static final long PERIOD_MILLIS = 100;

    private final Thread thread;

    private KillWatch(Thread thread) {
        this.thread = thread;
    }

    /** @param stop called by another thread than the task's, at most once */
    static KillWatch start(TaskContext context, Runnable stop) {
        Thread thread = new Thread(
                () -> {
                    try {
                        while (!context.isInterrupted()) {
                            Thread.sleep(PERIOD_MILLIS);
                        }
                        stop.run();
                    } catch (InterruptedException e) {
                        // The task has ended.
                        Thread.currentThread().interrupt();
                    }
                },
                "sandglass-kill-watch");
        thread.setDaemon(true);
        thread.start();
        return new KillWatch(thread);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
