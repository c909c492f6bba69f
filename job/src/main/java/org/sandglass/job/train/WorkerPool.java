package org.sandglass.job.train;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.sandglass.job.cluster.DeviceSlot;

/**
 * The workers that live in this executor between stages, one for each slot that has been used. Thread-safe.
 *
 * <p>A task takes a free worker, the one with the newest state that its stage may start from, and gives it
 * back. Where Spark deals out GPUs, the worker is one that lives on the GPU which the task was given.
 */
final class WorkerPool {

    private static final List<Worker> WORKERS = new ArrayList<>();
    private static final Set<Worker> BUSY = new HashSet<>();

    private WorkerPool() {}

    static synchronized Worker acquire(StageOrder order, TaskContext context) {
        discardOtherRuns(order.run());
        Optional<DeviceSlot> slot = DeviceSlot.of(
                context.resourcesJMap(),
                SparkEnv.get().blockManager().blockManagerId().host());
        Optional<Worker> free = WORKERS.stream()
                .filter(worker -> !BUSY.contains(worker) && worker.slot().equals(slot))
                .max(Comparator.comparing(worker ->
                        order.source().newest(worker.stamp(), worker.snapshot().stamp())));
        Worker worker = free.orElseGet(() -> {
            Worker made = Worker.open(order, context.cpus(), slot);
            WORKERS.add(made);
            return made;
        });
        BUSY.add(worker);
        return worker;
    }

    static synchronized void release(Worker worker) {
        BUSY.remove(worker);
    }

    private static void discardOtherRuns(String run) {
        List<Worker> others = WORKERS.stream()
                .filter(worker -> !worker.run().equals(run) && !BUSY.contains(worker))
                .toList();
        others.forEach(Worker::close);
        WORKERS.removeAll(others);
    }
}
