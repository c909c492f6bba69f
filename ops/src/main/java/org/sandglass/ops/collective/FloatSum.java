package org.sandglass.ops.collective;

import java.nio.FloatBuffer;

/**
 * Adds one float buffer to another. Belongs to one thread.
 *
 * <p>Goes through two small arrays, because the JIT compiler vectorises loops over arrays but not over direct buffers;
 * they stay in the first-level cache.
 */
final class FloatSum {

    private static final int CHUNK = 2048;

    private final float[] sum = new float[CHUNK];
    private final float[] addend = new float[CHUNK];

    /** Indices are absolute; positions and limits are left alone. */
    void add(FloatBuffer target, int targetIndex, FloatBuffer source, int sourceIndex, int elements) {
        for (int done = 0; done < elements; done += CHUNK) {
            int length = Math.min(CHUNK, elements - done);
            target.get(targetIndex + done, sum, 0, length);
            source.get(sourceIndex + done, addend, 0, length);
            for (int i = 0; i < length; i++) {
                sum[i] += addend[i];
            }
            target.put(targetIndex + done, sum, 0, length);
        }
    }
}
