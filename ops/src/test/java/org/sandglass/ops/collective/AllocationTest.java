package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Operations that recur on the same buffers allocate nothing, in whichever thread. */
class AllocationTest {

    private static final int OPERATIONS = 1000;

    /** What a selector may allocate when it is woken, and a lock when it changes hands. */
    private static final int BYTES_PER_OPERATION = 16;

    @ParameterizedTest(name = "{0} ranks, {1} elements, {2} in flight")
    @CsvSource({"2, 1000, 1", "2, 1000, 4", "2, 100000, 2", "4, 1000, 1", "4, 100000, 2"})
    void shouldAllocateNothingForOperationsThatRecur(int ranks, int elements, int inFlight) throws Exception {
        assertAllocatesNothing(ranks, TcpGroup.options(Algorithm.AUTO, 64 << 10), elements, inFlight, OPERATIONS);
    }

    @ParameterizedTest(name = "{0}, {1} elements, {2} in flight")
    @CsvSource({"aa, 70000, 2", "aabb, 300000, 2"})
    void shouldAllocateNothingForSumsByHostsThatRecur(String hosts, int elements, int inFlight) throws Exception {
        CollectiveOptions options = TcpGroup.options(Algorithm.HIERARCHICAL, 64 << 10)
                .withHosts(hosts.chars().mapToObj(Character::toString).toList());
        assertAllocatesNothing(hosts.length(), options, elements, inFlight, OPERATIONS / 5);
    }

    @Test
    void shouldAllocateNothingForWhatIsRoundedOnTheWay() throws Exception {
        assertAllocatesNothing(3, TcpGroup.options(Algorithm.AUTO, 64 << 10).withWire(Wire.BF16), 5_000, 2, OPERATIONS);
    }

    private static void assertAllocatesNothing(
            int ranks, CollectiveOptions options, int elements, int inFlight, int operations) throws Exception {
        try (TcpGroup group = TcpGroup.of(ranks, options)) {
            List<List<FloatBuffer>> buffers = group.run(communicator -> {
                List<FloatBuffer> own = new ArrayList<>();
                for (int i = 0; i < inFlight; i++) {
                    own.add(Buffers.direct(elements));
                }
                return own;
            });
            long best = Long.MAX_VALUE;
            for (int round = 0; round < 12 && best > (long) operations * BYTES_PER_OPERATION; round++) {
                long before = allocated();
                List<Long> callers =
                        group.run(communicator -> sum(communicator, buffers.get(communicator.rank()), operations));
                long progress = allocated() - before;
                best = Math.min(
                        best,
                        progress + callers.stream().mapToLong(Long::longValue).sum());
            }
            assertThat(best)
                    .as("bytes per %d operations", operations)
                    .isLessThanOrEqualTo((long) operations * BYTES_PER_OPERATION);
        }
    }

    /** Sums many times; returns what this thread has allocated meanwhile. */
    private static long sum(Communicator communicator, List<FloatBuffer> buffers, int operations) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        PendingOperation[] pending = new PendingOperation[buffers.size()];
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int operation = 0; operation < operations; operation += pending.length) {
            for (int i = 0; i < pending.length; i++) {
                pending[i] = communicator.allReduce(buffers.get(i));
            }
            for (PendingOperation each : pending) {
                each.await();
            }
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    /** What all the communicators' own threads have allocated. */
    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().startsWith("sandglass-"))
                .mapToLong(thread -> threads.getThreadAllocatedBytes(thread.getThreadId()))
                .sum();
    }
}
