package org.sandglass.ops.collective;

import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A sum that a rank takes part in through {@link HostMemory}, once or, as long as nothing but its turn changes, again and
 * again. Belongs to the thread that makes progress, from its submission to its completion.
 */
final class HostSum {

    private final FloatBuffer buffer;
    private final Completion completion;
    private long start;

    @SuppressWarnings("UnusedVariable") // holds the memory, which the view only points to
    private @Nullable FloatBuffer owner;

    private long sequence;
    private long first;
    private long end;

    /**
     * A sum of a buffer's remaining elements, to be {@linkplain #begin begun}.
     *
     * @param source direct, native order, not empty
     */
    HostSum(FloatBuffer source, Completion completion) {
        this.buffer = FloatBytes.floats(FloatBytes.of(source));
        this.completion = completion;
    }

    /**
     * Sets out.
     *
     * @param now in {@code System.nanoTime}
     * @param used what keeps the memory until the operation has ended
     */
    HostSum begin(long now, FloatBuffer used) {
        start = now;
        owner = used;
        return this;
    }

    /** Gives it its turn among the host's operations, and its segments, which are numbered through all operations. */
    void take(long turn, long firstSegment, int segment) {
        sequence = turn;
        first = firstSegment;
        end = firstSegment + (elements() + (long) segment - 1) / segment;
    }

    Completion completion() {
        return completion;
    }

    /** From index 0 on. */
    FloatBuffer buffer() {
        return buffer;
    }

    int elements() {
        return buffer.limit();
    }

    long start() {
        return start;
    }

    long sequence() {
        return sequence;
    }

    /** Number of the segment after its last. */
    long end() {
        return end;
    }

    /** Where a segment begins. */
    int from(long number, int segment) {
        return (int) (number - first) * segment;
    }

    int length(long number, int segment) {
        return Math.min(segment, elements() - from(number, segment));
    }

    /** Says that it is complete; after this it may be begun again. */
    void complete() {
        owner = null;
        completion.succeed();
    }

    /** Who waits fails. */
    void fail(PeerFailure failure) {
        owner = null;
        completion.fail(failure);
    }
}
