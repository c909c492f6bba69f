package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.ops.collective.HostMemory.Counter;

/** The ranks of a host, a step of one at a time in random order: whatever the order, the same bits; and who is blamed. */
class HostReductionTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int LEADER = 20;
    private static final int SEGMENT = 1024;

    static LongStream seeds() {
        return LongStream.range(0, 300);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldSumInTheOrderOfRanksWhateverTheOrderOfSteps(long seed) {
        Random random = new Random(seed);
        int ranks = 1 + random.nextInt(8);
        int[] elements = random.ints(1 + random.nextInt(5), 1, 6 * SEGMENT).toArray();
        boolean severalHosts = random.nextBoolean();
        HostMemory memory = memory(ranks, 1 + random.nextInt(4));
        List<HostReduction> host = host(memory, severalHosts);
        List<List<FloatBuffer>> buffers = new ArrayList<>();
        List<Completion> completions = new ArrayList<>();
        host.forEach(rank -> buffers.add(new ArrayList<>()));

        while (completions.size() < ranks * elements.length
                || !completions.stream().allMatch(Completion::done)) {
            int rank = random.nextInt(ranks);
            List<FloatBuffer> own = buffers.get(rank);
            if (own.size() < elements.length && random.nextInt(5) == 0) {
                own.add(Buffers.fractions(elements[own.size()], rank, seed + own.size()));
                Completion completion = new Completion("a sum", TIMEOUT);
                completions.add(completion);
                host.get(rank)
                        .start(new HostSum(own.get(own.size() - 1), completion).begin(0, own.get(own.size() - 1)));
            }
            host.get(rank).advance();
            if (severalHosts) {
                exchange(memory);
            }
        }

        for (int operation = 0; operation < elements.length; operation++) {
            float[] expected = new float[elements[operation]];
            for (int rank = 0; rank < ranks; rank++) {
                FloatBuffer summands = Buffers.fractions(expected.length, rank, seed + operation);
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = rank == 0 ? summands.get(i) : expected[i] + summands.get(i);
                }
            }
            for (List<FloatBuffer> own : buffers) {
                assertThat(Buffers.array(own.get(operation))).isEqualTo(expected);
            }
        }
    }

    @Test
    void shouldBlameWhoHasNotStarted() {
        HostMemory memory = memory(3, 2);
        List<HostReduction> host = host(memory, false);
        start(host.get(0), 3000);
        start(host.get(2), 3000);
        exhaust(host);

        assertBlamed(watch(memory, host.get(0), 0, false), 1, "has not started it within 10000 ms");
    }

    @Test
    void shouldBlameWhoHasFallenSilentRatherThanWhoWaitsForIt() throws Exception {
        HostMemory memory = memory(3, 2);
        List<HostReduction> host = host(memory, false);
        host.forEach(rank -> start(rank, 100_000));
        exhaust(host.subList(0, 2));
        HostWatch watch = watch(memory, host.get(0), 0, false);
        for (int second = 0; second < 10; second++) {
            memory.write(1, Counter.PULSE, second);
            watch.look(Duration.ofSeconds(second).toNanos());
        }

        assertBlamed(watch, 2, "has fallen silent for 10000 ms");
    }

    @Test
    void shouldBlameWhoHasClosedAtOnceUnlessItHasDoneItsPart() throws Exception {
        HostMemory memory = memory(2, 4);
        List<HostReduction> host = host(memory, false);
        host.forEach(rank -> start(rank, 100));
        HostWatch watch = watch(memory, host.get(0), 0, false);
        exhaust(host.subList(1, 2));
        exhaust(host.subList(0, 1));
        exhaust(host.subList(1, 2));
        memory.write(1, Counter.END, HostMemory.why(Fault.closed(LEADER + 1)));
        assertThat(host.get(1).active()).isEmpty();
        watch.look(0);
        exhaust(host.subList(0, 1));
        assertThat(host.get(0).active()).isEmpty();

        start(host.get(0), 100);
        exhaust(host.subList(0, 1));
        assertThatThrownBy(() -> watch.look(0))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.rank()).isEqualTo(LEADER + 1))
                .hasMessage("has closed its communicator");
    }

    @Test
    void shouldBlameWhoHasStartedASumOfAnotherSize() {
        HostMemory memory = memory(2, 2);
        List<HostReduction> host = host(memory, false);
        start(host.get(0), 100);
        start(host.get(1), 101);
        assertThatThrownBy(() -> watch(memory, host.get(0), 0, false).look(0))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.rank()).isEqualTo(LEADER + 1))
                .hasMessageContaining("another size");
    }

    @Test
    void shouldGiveTheLeaderTimeToNameAnotherHost() throws Exception {
        HostMemory memory = memory(2, 2);
        List<HostReduction> host = host(memory, true);
        host.forEach(rank -> start(rank, 100));
        exhaust(host);
        HostWatch watch = watch(memory, host.get(1), 1, true);
        memory.write(0, Counter.PULSE, 1);
        watch.look(TIMEOUT.toNanos());
        assertThatThrownBy(() -> watch.look(TIMEOUT.plusMillis(501).toNanos()))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.rank()).isEqualTo(LEADER))
                .hasMessageContaining("has not done its part within 10000 ms");
    }

    private static void assertBlamed(HostWatch watch, int rank, String detail) {
        assertThatThrownBy(() -> watch.look(TIMEOUT.toNanos()))
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.rank()).isEqualTo(LEADER + rank))
                .hasMessage(detail);
    }

    /** What the leaders' group does between hosts, of which the others have nothing to add here. */
    private static void exchange(HostMemory memory) {
        long reduced = Long.MAX_VALUE;
        for (int rank = 0; rank < memory.ranks(); rank++) {
            reduced = Math.min(reduced, memory.read(rank, Counter.REDUCED));
        }
        memory.write(0, Counter.EXCHANGED, reduced);
    }

    private static void exhaust(List<HostReduction> ranks) {
        boolean moved;
        do {
            moved = false;
            for (HostReduction rank : ranks) {
                moved |= rank.advance();
            }
        } while (moved);
    }

    private static void start(HostReduction rank, int elements) {
        FloatBuffer buffer = Buffers.direct(elements);
        rank.start(new HostSum(buffer, new Completion("a sum", TIMEOUT)).begin(0, buffer));
    }

    private static HostMemory memory(int ranks, int slots) {
        return new HostMemory(
                ByteBuffer.allocateDirect(HostMemory.bytes(ranks, slots, SEGMENT)), ranks, slots, SEGMENT);
    }

    private static List<HostReduction> host(HostMemory memory, boolean severalHosts) {
        List<HostReduction> host = new ArrayList<>();
        for (int rank = 0; rank < memory.ranks(); rank++) {
            host.add(new HostReduction(memory, rank, severalHosts, null));
        }
        return host;
    }

    private static HostWatch watch(HostMemory memory, HostReduction reduction, int rank, boolean severalHosts) {
        List<Integer> members =
                IntStream.range(LEADER, LEADER + memory.ranks()).boxed().toList();
        return new HostWatch(memory, reduction, rank, members, severalHosts, TIMEOUT);
    }
}
