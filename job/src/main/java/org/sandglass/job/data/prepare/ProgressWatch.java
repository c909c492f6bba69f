package org.sandglass.job.data.prepare;

import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Tells how far an import is, every second while the work lasts, and then once more. */
final class ProgressWatch {

    private final ImportProgress progress;
    private final LongSupplier done;
    private final long total;
    private long start;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "sandglass-import-progress");
        thread.setDaemon(true);
        return thread;
    });

    ProgressWatch(ImportProgress progress, LongSupplier done, long total) {
        this.progress = progress;
        this.done = done;
        this.total = total;
    }

    /** Runs the work; once per watch. */
    void during(Runnable work) {
        start = System.nanoTime();
        Future<?> ticks = clock.scheduleAtFixedRate(this::tell, 1, 1, TimeUnit.SECONDS);
        try {
            work.run();
        } finally {
            ticks.cancel(false);
            clock.shutdownNow();
        }
        tell();
    }

    private void tell() {
        long images = done.getAsLong();
        progress.report(images, total, images / ((System.nanoTime() - start) / 1e9));
    }
}
