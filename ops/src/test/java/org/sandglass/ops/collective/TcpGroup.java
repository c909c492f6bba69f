package org.sandglass.ops.collective;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Ranks on the loopback interface, each with a thread of its own. */
final class TcpGroup implements AutoCloseable {

    static final byte[] SECRET =
            "0123456789abcdef0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    /** What a rank does. */
    interface Work<T> {
        T run(Communicator communicator) throws Exception;
    }

    private final List<ExecutorService> threads = new ArrayList<>();
    private final List<Communicator> communicators = new ArrayList<>();

    private TcpGroup() {}

    static CollectiveOptions options(Algorithm algorithm, int segmentBytes) {
        return new CollectiveOptions(algorithm, Duration.ofSeconds(30), 7).withSegmentBytes(segmentBytes);
    }

    static TcpGroup of(int ranks, CollectiveOptions options) throws Exception {
        TcpGroup group = new TcpGroup();
        List<TcpEndpoint> endpoints = endpoints(ranks);
        List<InetSocketAddress> addresses = addresses(endpoints);
        List<Callable<Communicator>> connects = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            group.threads.add(Executors.newSingleThreadExecutor());
            int self = rank;
            connects.add(() -> endpoints.get(self).connect(self, addresses, SECRET, options));
        }
        group.communicators.addAll(group.all(connects));
        return group;
    }

    static List<TcpEndpoint> endpoints(int ranks) {
        List<TcpEndpoint> endpoints = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            endpoints.add(TcpEndpoint.open(InetAddress.getLoopbackAddress()));
        }
        return endpoints;
    }

    static List<InetSocketAddress> addresses(List<TcpEndpoint> endpoints) {
        return endpoints.stream()
                .map(endpoint -> new InetSocketAddress(InetAddress.getLoopbackAddress(), endpoint.port()))
                .toList();
    }

    List<Communicator> communicators() {
        return communicators;
    }

    /** Runs the work on all ranks at once and returns their results by rank. */
    <T> List<T> run(Work<T> work) throws Exception {
        return all(communicators.stream()
                .<Callable<T>>map(communicator -> () -> work.run(communicator))
                .toList());
    }

    /** Runs the work on one rank. */
    <T> Future<T> run(int rank, Work<T> work) {
        return threads.get(rank).submit(() -> work.run(communicators.get(rank)));
    }

    @Override
    public void close() {
        communicators.forEach(Communicator::close);
        threads.forEach(ExecutorService::shutdownNow);
    }

    private <T> List<T> all(List<Callable<T>> tasks) throws Exception {
        List<Future<T>> futures = new ArrayList<>();
        for (int rank = 0; rank < tasks.size(); rank++) {
            futures.add(threads.get(rank).submit(tasks.get(rank)));
        }
        List<T> results = new ArrayList<>();
        for (Future<T> future : futures) {
            try {
                results.add(future.get(60, TimeUnit.SECONDS));
            } catch (ExecutionException failure) {
                if (failure.getCause() instanceof Exception cause) {
                    throw cause;
                }
                throw failure;
            }
        }
        return results;
    }
}
