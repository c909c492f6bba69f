package org.sandglass.ops.collective;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A rank of {@code scripts/bench/allreduce}: a process that sums on command, as its peers in {@code scripts/bench/peers}
 * do. {@code BenchmarkRank DIRECTORY RANK ADDRESS ALGORITHM}.
 *
 * <p>Reads commands from the pipe {@code DIRECTORY/RANK.in}, answers through {@code DIRECTORY/RANK.out}: {@code READY
 * host:port} at the start; {@code JOIN host:port…} with {@code JOINED}; {@code RUN bytes warmup iterations} with {@code
 * TIMES nanoseconds…}; {@code QUIT} ends it.
 */
final class BenchmarkRank {

    private static final byte[] SECRET = "a secret of a benchmark, 32 bytes".getBytes(StandardCharsets.UTF_8);
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    private final Communicator communicator;
    private ByteBuffer memory = ByteBuffer.allocateDirect(0);

    private BenchmarkRank(Communicator communicator) {
        this.communicator = communicator;
    }

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        int rank = Integer.parseInt(arguments[1]);
        InetAddress address = InetAddress.getByName(arguments[2]);
        Algorithm algorithm = Algorithm.valueOf(arguments[3]);
        try (BufferedReader commands = Files.newBufferedReader(directory.resolve(rank + ".in"));
                PrintWriter answers = new PrintWriter(Files.newBufferedWriter(directory.resolve(rank + ".out")), true);
                TcpEndpoint endpoint = TcpEndpoint.open(address)) {
            answers.println("READY " + address.getHostAddress() + ":" + endpoint.port());
            List<InetSocketAddress> ranks = new ArrayList<>();
            List<String> join = words(commands);
            for (String peer : join.subList(1, join.size())) {
                int colon = peer.lastIndexOf(':');
                ranks.add(new InetSocketAddress(
                        InetAddress.getByName(peer.substring(0, colon)), Integer.parseInt(peer.substring(colon + 1))));
            }
            CollectiveOptions options = new CollectiveOptions(algorithm, TIMEOUT, 1)
                    .withHosts(
                            ranks.stream().map(InetSocketAddress::getHostString).toList());
            try (Communicator communicator = endpoint.connect(rank, ranks, SECRET, options)) {
                answers.println("JOINED");
                new BenchmarkRank(communicator).obey(commands, answers);
            }
        }
    }

    private void obey(BufferedReader commands, PrintWriter answers) throws IOException {
        for (List<String> words = words(commands); words.get(0).equals("RUN"); words = words(commands)) {
            StringBuilder answer = new StringBuilder("TIMES");
            for (long nanos : run(
                    Integer.parseInt(words.get(1)), Integer.parseInt(words.get(2)), Integer.parseInt(words.get(3)))) {
                answer.append(' ').append(nanos);
            }
            answers.println(answer);
        }
    }

    private long[] run(int bytes, int warmup, int iterations) {
        if (memory.capacity() < bytes) {
            memory = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        }
        FloatBuffer buffer =
                memory.slice(0, bytes).order(ByteOrder.nativeOrder()).asFloatBuffer();
        long[] nanos = new long[iterations];
        for (int i = -warmup; i < iterations; i++) {
            fill(buffer, communicator.rank() + 1);
            communicator.barrier();
            long start = System.nanoTime();
            communicator.allReduce(buffer).await();
            long took = System.nanoTime() - start;
            if (i >= 0) {
                nanos[i] = took;
            }
        }
        check(buffer);
        return nanos;
    }

    private void check(FloatBuffer buffer) {
        float sum = communicator.worldSize() * (communicator.worldSize() + 1) / 2f;
        for (int i = 0; i < buffer.remaining(); i++) {
            if (buffer.get(i) != sum) {
                throw new IllegalStateException("Wrong sum at element " + i + ": " + buffer.get(i) + ", not " + sum);
            }
        }
    }

    private static void fill(FloatBuffer buffer, float value) {
        for (int i = 0; i < buffer.remaining(); i++) {
            buffer.put(i, value);
        }
    }

    private static List<String> words(BufferedReader commands) throws IOException {
        String line = commands.readLine();
        return line == null ? List.of("QUIT") : List.of(line.split(" ", -1));
    }
}
