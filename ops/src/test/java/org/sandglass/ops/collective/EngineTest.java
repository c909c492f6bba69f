package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Engines on a simulated network, one event at a time in random order: whatever the order, all complete, and exactly. */
class EngineTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int SEGMENT = 256;

    static java.util.stream.LongStream seeds() {
        return java.util.stream.LongStream.range(0, 300);
    }

    /** A rank and what it has yet to do. */
    private static final class Rank {
        private final int rank;
        private final Engine engine;

        /** Whether it leaves to its data what small operations' starts can be told with, until it is to sleep. */
        private boolean spins;

        private final List<SimulatedChannel> channels = new ArrayList<>();
        private final List<FloatBuffer> buffers = new ArrayList<>();
        private final List<Completion> completions = new ArrayList<>();

        Rank(int rank, int ranks) {
            this.rank = rank;
            this.engine = new Engine(ranks, TIMEOUT, SEGMENT);
        }

        void connect(int peer, SimulatedChannel channel) {
            engine.link(peer, channel, 0);
            channels.add(channel);
        }

        void pump() throws Fault {
            if (spins) {
                engine.move();
            } else {
                engine.pump();
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void shouldCompleteExactlyInWhateverOrderThingsHappen(long seed) throws Exception {
        Random random = new Random(seed);
        int ranks = 2 + random.nextInt(7);
        int operations = 1 + random.nextInt(6);
        int[] elements = random.ints(operations, 0, 3000).toArray();
        boolean[] broadcasts = new boolean[operations];
        int[] roots = random.ints(operations, 0, ranks).toArray();
        boolean ring = random.nextInt(3) == 0;
        for (int i = 0; i < operations; i++) {
            broadcasts[i] = random.nextInt(4) == 0;
        }
        List<Rank> group = group(ranks, random);

        List<Runnable> events = new ArrayList<>();
        boolean slept = false;
        while (true) {
            events.clear();
            group.forEach(rank -> rank.spins = random.nextBoolean());
            for (Rank rank : group) {
                int next = rank.completions.size();
                if (next < operations) {
                    events.add(unchecked(() -> start(
                            rank,
                            ranks,
                            next,
                            program(rank.rank, ranks, elements[next], broadcasts[next], roots[next], ring),
                            elements[next])));
                }
                addLinkEvents(rank, events);
            }
            if (events.isEmpty()) {
                if (slept) {
                    break;
                }
                slept = true;
                for (Rank rank : group) {
                    rank.engine.pump();
                }
                continue;
            }
            slept = false;
            events.get(random.nextInt(events.size())).run();
        }

        for (Rank rank : group) {
            for (int i = 0; i < operations; i++) {
                assertThat(rank.completions.get(i).done())
                        .as("seed %d: operation %d of rank %d", seed, i, rank.rank)
                        .isTrue();
                for (int element = 0; element < elements[i]; element++) {
                    float expected = expected(element, i, ranks, broadcasts[i], roots[i]);
                    if (rank.buffers.get(i).get(element) != expected) {
                        assertThat(rank.buffers.get(i).get(element))
                                .as("seed %d: operation %d of rank %d, element %d", seed, i, rank.rank, element)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Test
    void shouldNameWhoHasNotStartedWhenTimeIsUp() throws Exception {
        List<Rank> group = group(4, new Random(1));
        for (int rank = 0; rank < 3; rank++) {
            start(group.get(rank), 4, 0, Ring.allReduce(rank, 4, 100), 100);
        }
        for (int second = 0; second < 10; second++) {
            long now = Duration.ofSeconds(second).toNanos();
            for (Rank rank : group) {
                rank.engine.tick(now);
                rank.engine.pump();
            }
            settle(group);
        }
        for (int rank = 0; rank < 3; rank++) {
            Engine engine = group.get(rank).engine;
            assertThatThrownBy(() -> engine.tick(TIMEOUT.toNanos()))
                    .isInstanceOfSatisfying(
                            Fault.class, fault -> assertThat(fault.rank()).isEqualTo(3))
                    .hasMessageContaining("has not started it");
        }
    }

    @Test
    void shouldSleepWhileNothingIsInFlight() throws Exception {
        Rank rank = group(2, new Random(1)).get(0);
        assertThat(rank.engine.patience(0)).isEqualTo(Long.MAX_VALUE);

        start(rank, 2, 0, Ring.allReduce(0, 2, 10), 10);

        assertThat(rank.engine.patience(0)).isEqualTo(TIMEOUT.toNanos() / 4);
    }

    @Test
    void shouldRefuseADifferentOperationUnderTheSameNumber() throws Exception {
        List<Rank> group = group(2, new Random(1));
        start(group.get(0), 2, 0, Ring.allReduce(0, 2, 1000), 1000);
        start(group.get(1), 2, 0, Ring.allReduce(1, 2, 1001), 1001);
        assertThatThrownBy(() -> settle(group))
                .hasCauseInstanceOf(Fault.class)
                .hasMessageContaining("another kind or size");
    }

    @Test
    void shouldHoldBackWhatAPeerThatIsBehindCouldNotKeep() throws Exception {
        int operations = 40;
        List<Rank> group = group(2, new Random(1));
        for (int number = 0; number < operations; number++) {
            start(group.get(0), 2, number, Broadcast.tree(0, 0, 2, 3000 * Float.BYTES), 3000);
        }
        settle(group);
        long ahead = group.get(0).engine.links().get(0).outbound().payloadBytes();
        assertThat(ahead).isBetween(Outbound.EAGER_BYTES / 2L, (long) Outbound.EAGER_BYTES);
        for (int number = 0; number < operations; number++) {
            start(group.get(1), 2, number, Broadcast.tree(0, 1, 2, 3000 * Float.BYTES), 3000);
            settle(group);
            assertThat(group.get(1).completions.get(number).done()).isTrue();
            assertThat(group.get(1).buffers.get(number))
                    .isEqualTo(group.get(0).buffers.get(number));
        }
    }

    @Test
    void shouldTellThatASmallOperationHasStartedWithItsDataOrBeforeItSleeps() throws Exception {
        List<Rank> group = group(4, new Random(1));
        Rank rank = group.get(0);
        rank.spins = true;
        start(rank, 4, 0, RecursiveDoubling.allReduce(0, 4, 10), 10);
        // Ranks 1 and 2 are its partners; what goes to 2 is not known yet.
        assertThat(group.get(1).channels.get(0).readable()).isTrue();
        assertThat(group.get(2).channels.get(0).readable()).isFalse();
        rank.engine.pump();
        assertThat(group.get(2).channels.get(0).readable()).isTrue();
        assertThat(group.get(3).channels.get(0).readable()).isFalse();
    }

    @Test
    void shouldFinishWhatTheOthersHaveCompletedAlthoughAThirdRankGivesUp() throws Exception {
        List<Rank> group = group(3, new Random(1));
        for (int rank = 0; rank < 3; rank++) {
            start(group.get(rank), 3, 0, Broadcast.tree(0, rank, 3, 400), 100);
        }
        List<Rank> quick = List.of(group.get(0), group.get(2));
        settle(quick);
        assertThat(quick).allMatch(rank -> rank.completions.get(0).done());
        leave(group.get(0), Frame.leave(1));
        settle(List.of(group.get(2)));
        Rank messenger = group.get(2);
        assertThatThrownBy(() -> start(messenger, 3, 1, Ring.allReduce(2, 3, 50), 50))
                .isInstanceOfSatisfying(Fault.class, fault -> leave(messenger, Frame.fault(fault, 1)));

        Rank slow = group.get(1);
        Link fromMessenger = slow.engine.links().get(1);
        assertThat(fromMessenger.peer()).isEqualTo(2);
        while (slow.channels.get(1).readable()) {
            fromMessenger.read(0);
        }
        slow.engine.pump();
        assertThat(slow.completions.get(0).done()).isFalse();

        Link fromRoot = slow.engine.links().get(0);
        assertThatThrownBy(() -> {
                    while (slow.channels.get(0).readable()) {
                        fromRoot.read(0);
                        slow.engine.pump();
                    }
                })
                .isInstanceOfSatisfying(
                        Fault.class, fault -> assertThat(fault.rank()).isZero())
                .hasMessage("has closed its communicator, as rank 2 reports");

        assertThat(slow.completions.get(0).done()).isTrue();
        assertThat(slow.buffers.get(0)).isEqualTo(group.get(0).buffers.get(0));
    }

    private static void leave(Rank rank, Frame last) {
        for (Link link : rank.engine.links()) {
            link.outbound().post(last);
            try {
                link.writable();
                link.write(Operations.NONE);
            } catch (Fault fault) {
                throw new IllegalStateException(fault);
            }
        }
    }

    /** Lets everything happen that can. */
    private static void settle(List<Rank> group) {
        List<Runnable> events = new ArrayList<>();
        do {
            events.forEach(Runnable::run);
            events.clear();
            group.forEach(rank -> addLinkEvents(rank, events));
        } while (!events.isEmpty());
    }

    private static List<Rank> group(int ranks, Random random) {
        List<Rank> group = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            group.add(new Rank(rank, ranks));
            for (int peer = 0; peer < rank; peer++) {
                SimulatedChannel[] ends = SimulatedChannel.connection(random);
                group.get(rank).connect(peer, ends[0]);
                group.get(peer).connect(rank, ends[1]);
            }
        }
        return group;
    }

    private static void addLinkEvents(Rank rank, List<Runnable> events) {
        for (int i = 0; i < rank.channels.size(); i++) {
            Link link = rank.engine.links().get(i);
            SimulatedChannel channel = rank.channels.get(i);
            if (link.wantsToRead() && channel.readable()) {
                events.add(unchecked(() -> {
                    link.read(0);
                    rank.pump();
                }));
            }
            if (link.wantsToWrite() && channel.writable()) {
                events.add(unchecked(() -> {
                    link.writable();
                    rank.pump();
                }));
            }
        }
    }

    private static List<Transfer> program(
            int rank, int ranks, int elements, boolean broadcast, int root, boolean ring) {
        if (broadcast) {
            return root % 2 == 0
                    ? Broadcast.tree(root, rank, ranks, elements * Float.BYTES)
                    : Broadcast.chain(root, rank, ranks, elements * Float.BYTES);
        }
        return ring ? Ring.allReduce(rank, ranks, elements) : BinaryBlocks.allReduce(rank, ranks, elements);
    }

    private static void start(Rank rank, int ranks, int number, List<Transfer> program, int elements) throws Fault {
        ByteBuffer bytes = ByteBuffer.allocateDirect(elements * Float.BYTES).order(ByteOrder.nativeOrder());
        FloatBuffer floats = bytes.asFloatBuffer();
        for (int i = 0; i < elements; i++) {
            floats.put(i, Buffers.integer(i, rank.rank, number));
        }
        Completion completion = new Completion("operation " + number, TIMEOUT);
        rank.buffers.add(floats);
        rank.completions.add(completion);
        Schedule schedule = Schedule.of(program, ranks, SEGMENT);
        rank.engine.start(new Execution(elements, schedule, ranks, new Region(bytes, floats, ranks), completion)
                .begin(number, 0, bytes));
        rank.pump();
    }

    private static float expected(int element, int number, int ranks, boolean broadcast, int root) {
        if (broadcast) {
            return Buffers.integer(element, root, number);
        }
        float sum = 0;
        for (int rank = 0; rank < ranks; rank++) {
            sum += Buffers.integer(element, rank, number);
        }
        return sum;
    }

    /** Something that may end in a fault. */
    private interface Step {
        void run() throws Fault;
    }

    private static Runnable unchecked(Step step) {
        return () -> {
            try {
                step.run();
            } catch (Fault fault) {
                throw new IllegalStateException(fault);
            }
        };
    }
}
