package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A hundred processes that are killed at random moments of sums, one after the other: each time the other ranks, which
 * live here, fail at once and say who it was.
 */
class HundredKillsTest {

    private static final int KILLS = 100;
    private static final int VICTIM = 1;
    private static final int RANKS = 3;

    /** Elements of the sums that {@link RankProcess} makes, two at a time. */
    private static final int ELEMENTS = RankProcess.ELEMENTS / 2;

    private final long seed = new Random().nextInt(1_000_000);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Deque<Process> waiting = new ArrayDeque<>();

    @AfterEach
    void stop() {
        waiting.forEach(Process::destroyForcibly);
        threads.shutdownNow();
    }

    @Test
    @Timeout(240)
    void shouldFailAtOnceHoweverOftenARankIsKilled() throws Exception {
        System.out.println("HundredKillsTest: seed " + seed);
        Random random = new Random(seed);
        List<Duration> delays = new ArrayList<>();
        for (int kill = 0; kill < KILLS; kill++) {
            while (waiting.size() < 2) {
                waiting.add(start());
            }
            delays.add(killed(waiting.remove(), random.nextInt(30_000_000), kill));
        }
        delays.sort(Duration::compareTo);
        System.out.println(
                "HundredKillsTest: noticed after " + delays.get(KILLS / 2).toMillis() + " ms (median), "
                        + delays.get(KILLS - 1).toMillis() + " ms (longest)");
        assertThat(delays.get(KILLS - 1)).isLessThan(Duration.ofSeconds(5));
    }

    /** Forms a group with the process, kills it in the middle, and returns when the last of the others has failed. */
    private Duration killed(Process victim, int nanos, int kill) throws Exception {
        try (BufferedReader output = victim.inputReader(StandardCharsets.UTF_8)) {
            List<TcpEndpoint> endpoints = TcpGroup.endpoints(RANKS);
            endpoints.get(VICTIM).close();
            List<InetSocketAddress> addresses = new ArrayList<>(TcpGroup.addresses(endpoints));
            int port = Integer.parseInt(line(output, "PORT ").substring(5));
            addresses.set(VICTIM, new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            StringBuilder ports = new StringBuilder();
            addresses.forEach(
                    address -> ports.append(ports.isEmpty() ? "" : " ").append(address.getPort()));
            victim.getOutputStream().write(ports.append('\n').toString().getBytes(StandardCharsets.UTF_8));
            victim.getOutputStream().flush();
            List<Future<String>> survivors = new ArrayList<>();
            for (int rank = 0; rank < RANKS; rank += 2) {
                survivors.add(threads.submit(survivor(endpoints.get(rank), rank, addresses)));
            }
            line(output, "DONE 0");
            LockSupport.parkNanos(nanos);
            long start = System.nanoTime();
            victim.destroyForcibly();
            for (Future<String> survivor : survivors) {
                assertThat(survivor.get(10, TimeUnit.SECONDS))
                        .as("seed %d, kill %d", seed, kill)
                        .contains("Cannot complete all-reduce of " + ELEMENTS + " elements")
                        .containsPattern(": rank 1 at .*127\\.0\\.0\\.1:\\d+ was lost");
            }
            return Duration.ofNanos(System.nanoTime() - start);
        }
    }

    private static Callable<String> survivor(TcpEndpoint endpoint, int rank, List<InetSocketAddress> addresses) {
        return () -> {
            CollectiveOptions options = new CollectiveOptions(Algorithm.AUTO, Duration.ofSeconds(60), 1);
            try (Communicator communicator = endpoint.connect(rank, addresses, TcpGroup.SECRET, options)) {
                var first = Buffers.direct(ELEMENTS);
                var second = Buffers.direct(ELEMENTS);
                while (true) {
                    List<PendingOperation> sums =
                            List.of(communicator.allReduce(first), communicator.allReduce(second));
                    sums.forEach(PendingOperation::await);
                }
            } catch (PeerFailure failure) {
                return String.valueOf(failure.getMessage());
            }
        };
    }

    private Process start() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        RankProcess.class.getName(),
                        Integer.toString(VICTIM),
                        "60000")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static String line(BufferedReader output, String beginning) throws IOException {
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            if (line.startsWith(beginning)) {
                return line;
            }
        }
        throw new AssertionError("no line begins with " + beginning);
    }
}
