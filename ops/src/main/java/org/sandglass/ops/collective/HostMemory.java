package org.sandglass.ops.collective;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The memory that the ranks of a host share: for each rank counters, which it alone writes, a note of what it has
 * started, and slots for its summands; and slots for sums. Ranks are counted within the host.
 *
 * <p>Writing a counter publishes whatever its rank has written before; reading it makes that visible.
 */
final class HostMemory {

    /** What a rank tells the others. All of them only rise. */
    enum Counter {
        /** Segments whose summands lie in the rank's slots. */
        PUBLISHED(0),
        /** Segments of which the rank has summed its part. */
        REDUCED(1),
        /** Segments whose sum the leader has made the sum over all hosts. */
        EXCHANGED(2),
        /** Segments whose sum the rank has taken. */
        GATHERED(3),
        /** Operations that the rank has started. */
        STARTED(4),
        /** Goes on for as long as the rank waits for others. */
        PULSE(5),
        /** 0 until the rank will do nothing more; then why, see {@link #why}. */
        END(6);

        private final int place;

        Counter(int place) {
            this.place = place;
        }
    }

    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final int COUNTERS_BYTES = 128;
    private static final int NOTES = 1024;
    private static final int LANE_BYTES = COUNTERS_BYTES + NOTES * Long.BYTES;
    private static final int PAGE = 4096;

    private final ByteBuffer memory;
    private final FloatBuffer floats;
    private final FloatBuffer[] wholeSums;
    private final FloatBuffer[] partSums;
    private final int ranks;
    private final int slots;
    private final int segment;

    /**
     * @param memory of {@link #bytes}, and zero
     * @param segment elements
     */
    HostMemory(ByteBuffer memory, int ranks, int slots, int segment) {
        int data = dataStart(ranks);
        this.memory = memory;
        this.floats = memory.slice(data, memory.capacity() - data)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        this.ranks = ranks;
        this.slots = slots;
        this.segment = segment;
        this.wholeSums = new FloatBuffer[slots];
        this.partSums = new FloatBuffer[slots];
        for (int slot = 0; slot < slots; slot++) {
            wholeSums[slot] = floats.slice(sums(slot), segment);
            partSums[slot] = floats.slice(sums(slot), segment);
        }
    }

    static int bytes(int ranks, int slots, int segment) {
        return Math.addExact(
                dataStart(ranks), Math.multiplyExact(Math.multiplyExact(ranks + 1, slots), segment * Float.BYTES));
    }

    int ranks() {
        return ranks;
    }

    int slots() {
        return slots;
    }

    /** Elements of a slot. */
    int segment() {
        return segment;
    }

    long read(int rank, Counter counter) {
        return (long) LONGS.getAcquire(memory, rank * LANE_BYTES + counter.place * Long.BYTES);
    }

    void write(int rank, Counter counter, long value) {
        LONGS.setRelease(memory, rank * LANE_BYTES + counter.place * Long.BYTES, value);
    }

    /** Whether all ranks but {@code self} have reached the value. */
    boolean othersReach(int self, Counter counter, long value) {
        for (int rank = 0; rank < ranks; rank++) {
            if (rank != self && read(rank, counter) < value) {
                return false;
            }
        }
        return true;
    }

    /** What a rank writes as {@link Counter#END}. */
    static long why(Fault fault) {
        return (long) fault.code() << 32 | fault.rank();
    }

    /** How long the operation is that a rank has started; to be read of an operation that is not complete. */
    long noted(int rank, long operation) {
        return (long) LONGS.getOpaque(memory, note(rank, operation));
    }

    void note(int rank, long operation, long elements) {
        LONGS.setOpaque(memory, note(rank, operation), elements);
    }

    /** All slots; see {@link #slot} and {@link #sums}. */
    FloatBuffer floats() {
        return floats;
    }

    /** Where a rank's summands of a segment begin. */
    int slot(int rank, long number) {
        return (rank * slots + (int) (number % slots)) * segment;
    }

    /** Where the sums of a segment begin. */
    int sums(long number) {
        return slot(ranks, number);
    }

    /** The sums of a segment, always the same view of the same slot and length; valid until the slot's next segment. */
    FloatBuffer sums(long number, int length) {
        int slot = (int) (number % slots);
        return length == segment ? wholeSums[slot] : partSums[slot].limit(length);
    }

    private static int note(int rank, long operation) {
        return rank * LANE_BYTES + COUNTERS_BYTES + (int) (operation % NOTES) * Long.BYTES;
    }

    private static int dataStart(int ranks) {
        return (ranks * LANE_BYTES + PAGE - 1) / PAGE * PAGE;
    }
}
