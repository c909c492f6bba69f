package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums over hosts that this machine pretends to be; a letter for each rank says on which it is. */
@Timeout(60)
class HierarchicalTest {

    private static final int FLAT = HierarchicalCommunicator.FLAT_BYTES / Float.BYTES;
    private static final int[] ELEMENTS = {0, 1, 1000, FLAT - 1, FLAT, FLAT + 1, 99_991, 300_007, 1_048_576, 1_500_001};

    @ParameterizedTest
    @ValueSource(strings = {"aa", "ab", "aaa", "aab", "abb", "abc", "aabb", "aba", "abcbaca", "aaabbcdd", "aaaaaaaa"})
    void shouldSumIntegersExactly(String hosts) throws Exception {
        try (TcpGroup group = group(hosts)) {
            for (int elements : ELEMENTS) {
                List<FloatBuffer> sums = group.run(communicator -> {
                    FloatBuffer buffer = Buffers.integers(elements, communicator.rank(), 0);
                    communicator.allReduce(buffer).await();
                    return buffer;
                });
                float[] expected = Buffers.integerSums(elements, hosts.length(), 0);
                sums.forEach(sum -> assertThat(Buffers.array(sum)).isEqualTo(expected));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"aa", "aaabb", "aabbccd"})
    void shouldKeepSumsInFlightApart(String hosts) throws Exception {
        int[] elements = {70_001, 0, FLAT, 333_333, 250_007, 5, 64, 900_000, FLAT - 1, 99_999, 12, 400_000};
        try (TcpGroup group = group(hosts)) {
            List<List<FloatBuffer>> sums = group.run(communicator -> {
                List<FloatBuffer> buffers = new ArrayList<>();
                List<PendingOperation> operations = new ArrayList<>();
                for (int instance = 0; instance < elements.length; instance++) {
                    buffers.add(Buffers.integers(elements[instance], communicator.rank(), instance));
                    operations.add(communicator.allReduce(buffers.get(instance)));
                }
                for (int instance = operations.size() - 1; instance >= 0; instance--) {
                    operations.get(instance).await();
                }
                return buffers;
            });
            for (int instance = 0; instance < elements.length; instance++) {
                float[] expected = Buffers.integerSums(elements[instance], hosts.length(), instance);
                for (List<FloatBuffer> buffers : sums) {
                    assertThat(Buffers.array(buffers.get(instance))).isEqualTo(expected);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"aaa", "aabbb"})
    void shouldGiveTheSameBitsInEveryRunAndOnEveryRank(String hosts) throws Exception {
        List<FloatBuffer> sums = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            try (TcpGroup group = group(hosts)) {
                sums.addAll(group.run(communicator -> {
                    FloatBuffer buffer = Buffers.fractions(200_011, communicator.rank(), 42);
                    communicator.allReduce(buffer).await();
                    return buffer;
                }));
            }
        }
        assertThat(sums).allMatch(sums.get(0)::equals);
    }

    @Test
    void shouldLeaveWhatLiesAroundTheBufferAlone() throws Exception {
        try (TcpGroup group = group("aab")) {
            List<FloatBuffer> buffers = group.run(communicator -> {
                FloatBuffer buffer = Buffers.integers(300_000, communicator.rank(), 0);
                buffer.position(1000).limit(299_001);
                communicator.allReduce(buffer).await();
                assertThat(buffer.position()).isEqualTo(1000);
                return buffer.clear();
            });
            float[] expected = Buffers.integerSums(300_000, 3, 0);
            for (int rank = 0; rank < 3; rank++) {
                for (int i = 0; i < 300_000; i++) {
                    boolean inside = i >= 1000 && i < 299_001;
                    float value = inside ? expected[i] : Buffers.integer(i, rank, 0);
                    if (buffers.get(rank).get(i) != value) {
                        assertThat(buffers.get(rank).get(i)).isEqualTo(value);
                    }
                }
            }
        }
    }

    @Test
    void shouldKeepItsOtherOperations() throws Exception {
        try (TcpGroup group = group("aabb")) {
            List<FloatBuffer> buffers = group.run(communicator -> {
                FloatBuffer buffer = Buffers.integers(100_000, communicator.rank(), 0);
                communicator.reduceScatter(buffer).await();
                communicator.allGather(buffer).await();
                communicator.barrier();
                return buffer;
            });
            assertThat(Buffers.array(buffers.get(3))).isEqualTo(Buffers.integerSums(100_000, 4, 0));
        }
    }

    @Test
    void shouldSayThatARankClosedInTheMiddle() throws Exception {
        for (String hosts : List.of("aaa", "aab", "abb", "aabbcc")) {
            try (TcpGroup group = group(hosts)) {
                List<Future<Integer>> waits = new ArrayList<>();
                for (int rank = 0; rank < hosts.length(); rank++) {
                    if (rank != 1) {
                        waits.add(group.run(rank, HierarchicalTest::sum));
                    }
                }
                group.communicators().get(1).close();
                for (Future<Integer> wait : waits) {
                    assertThatThrownBy(() -> wait.get(5, TimeUnit.SECONDS))
                            .cause()
                            .isInstanceOf(PeerFailure.class)
                            .hasMessageContaining("all-reduce of 2000000 elements")
                            .hasMessageContaining(": rank 1 at ")
                            .hasMessageContaining("has closed its communicator");
                }
            }
        }
    }

    @Test
    void shouldNameTheRankThatNeverStarts() throws Exception {
        for (String hosts : List.of("aaa", "aabb", "abbb")) {
            CollectiveOptions hasty = options(hosts, Duration.ofMillis(1500));
            try (TcpGroup group = TcpGroup.of(hosts.length(), hasty)) {
                List<Future<Integer>> waits = new ArrayList<>();
                long start = System.nanoTime();
                for (int rank = 0; rank < hosts.length(); rank++) {
                    if (rank != 1) {
                        waits.add(group.run(rank, HierarchicalTest::sum));
                    }
                }
                for (Future<Integer> wait : waits) {
                    assertThatThrownBy(() -> wait.get(20, TimeUnit.SECONDS))
                            .cause()
                            .isInstanceOf(PeerFailure.class)
                            .hasMessageContaining(": rank 1 at ");
                }
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
            }
        }
    }

    @Test
    void shouldCompleteWhatARankHasDoneBeforeItCloses() throws Exception {
        try (TcpGroup group = group("aab")) {
            List<FloatBuffer> sums = group.run(communicator -> {
                FloatBuffer buffer = Buffers.integers(500_000, communicator.rank(), 0);
                communicator.allReduce(buffer).await();
                communicator.close();
                return buffer;
            });
            float[] expected = Buffers.integerSums(500_000, 3, 0);
            sums.forEach(sum -> assertThat(Buffers.array(sum)).isEqualTo(expected));
        }
    }

    @Test
    void shouldFailWhatIsInFlightWhenItIsClosed() throws Exception {
        try (TcpGroup group = group("aa")) {
            Communicator communicator = group.communicators().get(0);
            PendingOperation operation = communicator.allReduce(Buffers.direct(2_000_000));
            communicator.close();
            assertThatThrownBy(operation::await)
                    .isInstanceOf(PeerFailure.class)
                    .hasMessageContaining("this rank has closed its communicator");
            assertThatThrownBy(
                            () -> communicator.allReduce(Buffers.direct(FLAT)).await())
                    .isInstanceOf(PeerFailure.class);
        }
    }

    @Test
    void shouldRefuseHostsThatMakeNoSense() {
        assertThatThrownBy(() -> TcpGroup.of(3, options("aa", Duration.ofSeconds(1))))
                .hasMessageContaining("there are 3 ranks, but the hosts of 2");
        assertThatThrownBy(() -> TcpGroup.of(2, TcpGroup.options(Algorithm.HIERARCHICAL, 4096)))
                .hasMessageContaining("algorithm=HIERARCHICAL needs the hosts of the ranks");
    }

    private static int sum(Communicator communicator) {
        communicator.allReduce(Buffers.direct(2_000_000)).await();
        return 0;
    }

    private static TcpGroup group(String hosts) throws Exception {
        return TcpGroup.of(hosts.length(), options(hosts, Duration.ofSeconds(30)));
    }

    private static CollectiveOptions options(String hosts, Duration timeout) {
        return new CollectiveOptions(Algorithm.HIERARCHICAL, timeout, 7)
                .withHosts(hosts.chars().mapToObj(Character::toString).toList());
    }
}
