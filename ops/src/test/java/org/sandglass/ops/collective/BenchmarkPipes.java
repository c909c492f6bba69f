package org.sandglass.ops.collective;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How a rank of a benchmark is told what to do: commands come through the pipe {@code DIRECTORY/RANK.in}, answers go
 * through {@code DIRECTORY/RANK.out}, a line each. {@code scripts/bench/collective_ranks.py} is the other end.
 *
 * <p>A rank says {@code READY host:port} first, is told {@code JOIN host:port…}, and answers {@code JOINED} once it is
 * connected. {@code QUIT} ends it.
 */
public final class BenchmarkPipes implements AutoCloseable {

    private static final byte[] SECRET = "a secret of a benchmark, 32 bytes".getBytes(StandardCharsets.UTF_8);
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    private final BufferedReader commands;
    private final PrintWriter answers;
    private final Communicator communicator;

    private BenchmarkPipes(BufferedReader commands, PrintWriter answers, Communicator communicator) {
        this.commands = commands;
        this.answers = answers;
        this.communicator = communicator;
    }

    public static BenchmarkPipes join(Path directory, int rank, InetAddress address, Algorithm algorithm)
            throws IOException {
        BufferedReader commands = Files.newBufferedReader(directory.resolve(rank + ".in"));
        PrintWriter answers = new PrintWriter(Files.newBufferedWriter(directory.resolve(rank + ".out")), true);
        try (TcpEndpoint endpoint = TcpEndpoint.open(address)) {
            answers.println("READY " + address.getHostAddress() + ":" + endpoint.port());
            List<InetSocketAddress> ranks = addresses(words(commands));
            CollectiveOptions options = new CollectiveOptions(algorithm, TIMEOUT, 1)
                    .withHosts(
                            ranks.stream().map(InetSocketAddress::getHostString).toList());
            Communicator communicator = endpoint.connect(rank, ranks, SECRET, options);
            answers.println("JOINED");
            return new BenchmarkPipes(commands, answers, communicator);
        }
    }

    private static List<InetSocketAddress> addresses(List<String> join) throws IOException {
        List<InetSocketAddress> ranks = new ArrayList<>();
        for (String peer : join.subList(1, join.size())) {
            int colon = peer.lastIndexOf(':');
            ranks.add(new InetSocketAddress(
                    InetAddress.getByName(peer.substring(0, colon)), Integer.parseInt(peer.substring(colon + 1))));
        }
        return ranks;
    }

    public Communicator communicator() {
        return communicator;
    }

    /** The words of the next command; waits for it. */
    public List<String> command() throws IOException {
        return words(commands);
    }

    public void answer(String line) {
        answers.println(line);
    }

    private static List<String> words(BufferedReader commands) throws IOException {
        String line = commands.readLine();
        return line == null ? List.of("QUIT") : List.of(line.split(" ", -1));
    }

    @Override
    public void close() throws IOException {
        communicator.close();
        commands.close();
        answers.close();
    }
}
