package org.sandglass.job.data;

import java.io.Serializable;

/** Which task runs which workers: contiguous blocks, as even as they go. Every task has at least one worker. */
public record WorkerDeal(int workers, int tasks) implements Serializable {

    /** @throws IllegalArgumentException unless 1 ≤ tasks ≤ workers */
    public WorkerDeal {
        if (tasks <= 0 || tasks > workers) {
            throw new IllegalArgumentException("Cannot deal workers: tasks must be in [1, workers]: tasks=%d workers=%d"
                    .formatted(tasks, workers));
        }
    }

    public int taskOf(int worker) {
        return blocks().blockOf(worker);
    }

    public int firstWorker(int task) {
        return (int) blocks().first(task);
    }

    public int workersOf(int task) {
        return (int) blocks().length(task);
    }

    private EvenBlocks blocks() {
        return new EvenBlocks(workers, tasks);
    }
}
