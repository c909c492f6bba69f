package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetSocketAddress;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A letter for each rank says on which host it is. */
@Timeout(60)
class HostGroupsTest {

    /** Leaders sum their ranks, whose hosts' lowest they are; others have nobody to sum with. All sum among all. */
    @ParameterizedTest
    @ValueSource(strings = {"a", "aa", "ab", "aabb", "abab", "abcabb"})
    void shouldConnectTheLowestRankOfEachHost(String hosts) throws Exception {
        List<TcpEndpoint> endpoints = TcpGroup.endpoints(hosts.length());
        List<InetSocketAddress> addresses = TcpGroup.addresses(endpoints);
        CollectiveOptions options = TcpGroup.options(Algorithm.AUTO, 4096).withHosts(List.of(hosts.split("")));
        ExecutorService threads = Executors.newFixedThreadPool(hosts.length());
        try {
            List<Future<float[]>> sums = new ArrayList<>();
            for (int i = 0; i < hosts.length(); i++) {
                int rank = i;
                sums.add(threads.submit((Callable<float[]>) () -> {
                    try (HostGroups groups = endpoints
                            .get(rank)
                            .connectHosts(rank, addresses, TcpGroup.SECRET, options, Algorithm.HALVING_DOUBLING)) {
                        FloatBuffer numbers = Buffers.direct(2).put(0, rank).put(1, rank);
                        PendingOperation ofAll = groups.all().allReduce(numbers.slice(0, 1));
                        PendingOperation ofLeaders = groups.leaders().allReduce(numbers.slice(1, 1));
                        ofAll.await();
                        ofLeaders.await();
                        // Nobody leaves before all have summed.
                        groups.all().barrier();
                        return new float[] {numbers.get(0), numbers.get(1)};
                    }
                }));
            }
            float leaders = 0;
            for (int rank = 0; rank < hosts.length(); rank++) {
                leaders += hosts.indexOf(hosts.charAt(rank)) == rank ? rank : 0;
            }
            for (int rank = 0; rank < hosts.length(); rank++) {
                boolean leads = hosts.indexOf(hosts.charAt(rank)) == rank;
                assertThat(sums.get(rank).get(30, TimeUnit.SECONDS))
                        .as("rank %d", rank)
                        .containsExactly(hosts.length() * (hosts.length() - 1) / 2f, leads ? leaders : rank);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
