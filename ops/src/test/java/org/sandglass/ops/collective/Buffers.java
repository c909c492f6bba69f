package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.sandglass.ops.random.CounterRandom;

/** Buffers with known content. */
final class Buffers {

    private Buffers() {}

    static FloatBuffer direct(int elements) {
        return ByteBuffer.allocateDirect(elements * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    /** Small integers that differ by rank and place, so that their sums are exact. */
    static FloatBuffer integers(int elements, int rank, int salt) {
        FloatBuffer buffer = direct(elements);
        for (int i = 0; i < elements; i++) {
            buffer.put(i, integer(i, rank, salt));
        }
        return buffer;
    }

    static float integer(int index, int rank, int salt) {
        return (index * 31 + rank * 17 + salt * 7) % 1009 - 504;
    }

    /** The sums of what {@link #integers} gives the ranks. */
    static float[] integerSums(int elements, int ranks, int salt) {
        float[] sums = new float[elements];
        for (int rank = 0; rank < ranks; rank++) {
            for (int i = 0; i < elements; i++) {
                sums[i] += integer(i, rank, salt);
            }
        }
        return sums;
    }

    /** Numbers of many magnitudes, whose sum depends on the order of additions. */
    static FloatBuffer fractions(int elements, int rank, long seed) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, seed, rank);
        FloatBuffer buffer = direct(elements);
        for (int i = 0; i < elements; i++) {
            buffer.put(i, (float) ((random.nextDouble() - 0.5) * Math.pow(10, random.nextDouble() * 6)));
        }
        return buffer;
    }

    static float[] array(FloatBuffer buffer) {
        float[] array = new float[buffer.remaining()];
        buffer.get(buffer.position(), array);
        return array;
    }
}
