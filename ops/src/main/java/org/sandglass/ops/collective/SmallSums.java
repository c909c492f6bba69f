package org.sandglass.ops.collective;

import java.nio.FloatBuffer;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Up to which size {@link Algorithm#AUTO} sums by {@link RecursiveDoubling} instead of {@link HalvingDoubling}: measured
 * on the group's own connections when it forms.
 *
 * <p>Both give the same bits, so that what a run computes does not depend on what was measured. All ranks measure
 * together and decide on the sum of their times, and so decide alike.
 *
 * @param upToBytes 0 if halving/doubling always is as fast
 * @param table what it was chosen from, for people
 */
record SmallSums(int upToBytes, String table) {

    /** What holds where nothing has been measured. */
    static final SmallSums NONE = new SmallSums(0, "");

    /** Of barriers: one element, and halving it would only add steps. */
    static final int BARRIER_BYTES = Float.BYTES;

    private static final int[] SIZES = {4 << 10, 16 << 10, 64 << 10, 256 << 10};
    private static final int MOST_RUNS = 24;
    private static final int FEWEST_RUNS = 2;
    private static final long BUDGET_NANOS = TimeUnit.MILLISECONDS.toNanos(400);

    /** Measures, at all ranks together; takes a third of a second, or a few round trips where those are slow. */
    static SmallSums probe(TcpCommunicator communicator) {
        FloatBuffer buffer = FloatBytes.allocate(SIZES[SIZES.length - 1] / Float.BYTES);
        double first = agree(communicator, time(communicator, buffer, SIZES[SIZES.length - 1], false, 1));
        int runs = (int) Math.max(FEWEST_RUNS, Math.min(MOST_RUNS, BUDGET_NANOS / (2 * SIZES.length * first)));
        StringBuilder table = new StringBuilder("doubling : halving/doubling");
        int upTo = 0;
        for (int i = 0; i < SIZES.length; i++) {
            double doubling = agree(communicator, time(communicator, buffer, SIZES[i], true, runs));
            double halving = agree(communicator, time(communicator, buffer, SIZES[i], false, runs));
            table.append(String.format(
                    Locale.ROOT, "; %d KiB %.0f : %.0f µs", SIZES[i] >> 10, doubling / 1e3, halving / 1e3));
            if (doubling <= halving && upTo == (i == 0 ? 0 : SIZES[i - 1])) {
                upTo = SIZES[i];
            }
        }
        return new SmallSums(upTo, table.toString());
    }

    /** The fastest of some runs, in nanoseconds. */
    private static long time(TcpCommunicator communicator, FloatBuffer buffer, int bytes, boolean doubles, int runs) {
        FloatBuffer part = buffer.slice(0, bytes / Float.BYTES);
        long best = Long.MAX_VALUE;
        for (int run = 0; run < runs; run++) {
            communicator.barrier();
            long start = System.nanoTime();
            communicator.allReduce(part, doubles).await();
            best = Math.min(best, System.nanoTime() - start);
        }
        return best;
    }

    /** The mean over all ranks, the same bits at each. */
    private static double agree(TcpCommunicator communicator, long nanos) {
        FloatBuffer sum = FloatBytes.allocate(1).put(0, (float) nanos);
        communicator.allReduce(sum, true).await();
        return Math.max(1, sum.get(0) / communicator.worldSize());
    }
}
