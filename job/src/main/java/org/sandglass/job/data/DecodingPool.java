package org.sandglass.job.data;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.sandglass.ops.image.ImageBuffers;

/**
 * Threads that decode, each with buffers of its own. Thread-safe.
 *
 * <p>They have the lowest priority, so that where the JVM tells the kernel about priorities
 * ({@code conf/spark-defaults.conf} says how) they take what the computing threads leave: a step that waits at OpenMP's
 * barriers for one late thread loses more than decoding gains.
 */
final class DecodingPool implements AutoCloseable {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final ThreadLocal<ImageBuffers> BUFFERS = new ThreadLocal<>();

    private final int threads;
    private final ExecutorService executor;

    DecodingPool(int threads) {
        this.threads = threads;
        this.executor = Executors.newFixedThreadPool(threads, DecodingPool::thread);
    }

    int threads() {
        return threads;
    }

    void execute(Consumer<ImageBuffers> work) {
        executor.execute(() -> work.accept(BUFFERS.get()));
    }

    /** Interrupts the threads; each ends with the image that it is at. */
    @Override
    public void close() {
        executor.shutdownNow();
    }

    @SuppressWarnings("ThreadPriorityCheck") // nothing waits for these threads that would not run without them
    private static Thread thread(Runnable loop) {
        Runnable withBuffers = () -> {
            try (ImageBuffers own = new ImageBuffers()) {
                BUFFERS.set(own);
                loop.run();
            }
        };
        Thread thread = new Thread(withBuffers, "sandglass-decode-" + NUMBER.getAndIncrement());
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY);
        return thread;
    }
}
