package org.sandglass.ops.device.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs what several ranks do together, each in a thread of its own. */
final class Ranks {

    private Ranks() {}

    /** What a rank does. */
    @FunctionalInterface
    interface Work<T> {
        T run(int rank) throws Exception;
    }

    /** The results in the order of ranks; the first rank's failure, if any failed. */
    static <T> List<T> together(int ranks, Work<T> work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(ranks);
        try {
            List<Callable<T>> calls = new ArrayList<>();
            for (int i = 0; i < ranks; i++) {
                int rank = i;
                calls.add(() -> work.run(rank));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> result : threads.invokeAll(calls)) {
                results.add(result.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        } finally {
            threads.shutdownNow();
        }
    }
}
