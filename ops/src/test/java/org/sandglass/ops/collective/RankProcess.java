package org.sandglass.ops.collective;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A rank in a process of its own: says its port, hears all ports, and sums until something fails, which it says too.
 *
 * <p>Arguments: rank, timeout in milliseconds, and for a hierarchy a letter for each rank's host. Standard input: the ports, by rank.
 */
final class RankProcess {

    static final int ELEMENTS = 4_000_000;

    private RankProcess() {}

    public static void main(String[] arguments) throws Exception {
        int rank = Integer.parseInt(arguments[0]);
        Duration timeout = Duration.ofMillis(Long.parseLong(arguments[1]));
        TcpEndpoint endpoint = TcpEndpoint.open(InetAddress.getLoopbackAddress());
        System.out.println("PORT " + endpoint.port());
        List<InetSocketAddress> ranks = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"))) {
            for (String port : in.readLine().split(" ", -1)) {
                ranks.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
            }
        }
        CollectiveOptions options = arguments.length == 2
                ? new CollectiveOptions(Algorithm.AUTO, timeout, 1)
                : new CollectiveOptions(Algorithm.HIERARCHICAL, timeout, 1)
                        .withHosts(arguments[2]
                                .chars()
                                .mapToObj(Character::toString)
                                .toList());
        try (Communicator communicator = endpoint.connect(rank, ranks, TcpGroup.SECRET, options)) {
            FloatBuffer buffer = Buffers.direct(ELEMENTS);
            for (int iteration = 0; ; iteration++) {
                List<PendingOperation> operations = List.of(
                        communicator.allReduce(buffer.slice(0, ELEMENTS / 2)),
                        communicator.allReduce(buffer.slice(ELEMENTS / 2, ELEMENTS / 2)));
                operations.forEach(PendingOperation::await);
                System.out.println("DONE " + iteration);
            }
        } catch (PeerFailure failure) {
            System.out.println("FAILED " + failure.getMessage());
        }
    }
}
