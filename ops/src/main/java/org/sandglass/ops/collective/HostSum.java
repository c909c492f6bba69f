package org.sandglass.ops.collective;

import java.nio.FloatBuffer;

/**
 * A sum that a rank takes part in through {@link HostMemory}.
 *
 * @param buffer where it lies; position 0
 * @param first number of its first segment; segments are numbered through all operations
 * @param end number of the segment after its last
 * @param start in {@code System.nanoTime}
 */
record HostSum(long sequence, FloatBuffer buffer, long first, long end, long start, Completion completion) {

    int from(long number, int segment) {
        return (int) (number - first) * segment;
    }

    int length(long number, int segment) {
        return Math.min(segment, buffer.limit() - from(number, segment));
    }
}
