package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Turns fp32 into bfloat16, rounded to the nearest, ties to even, and back. Belongs to one thread.
 *
 * <p>Two bytes an element, in blocks of {@value #BLOCK} elements and a last one of what is left. A block of n elements is
 * n / 2 words, of which word i holds element i in its lower half and element n / 2 + i in its upper one, and the last
 * element by itself if n is odd. So all loops run over arrays side by side and the JIT compiler vectorises them.
 */
final class BrainFloats {

    static final int BYTES = 2;

    /** Elements that are together on the wire; what has been received can be decoded up to a multiple of it. */
    static final int BLOCK = 2048;

    private static final int UPPER_HALF = 0xffff_0000;
    private static final int INFINITY = 0x7f80_0000;
    private static final int QUIET = 0x0040_0000;

    private final int[] bits = new int[BLOCK];
    private final int[] words = new int[BLOCK / 2];
    private final IntBuffer decodedBits;
    private final FloatBuffer decoded;

    BrainFloats() {
        ByteBuffer memory = ByteBuffer.allocateDirect(BLOCK * Float.BYTES).order(ByteOrder.nativeOrder());
        decodedBits = memory.asIntBuffer();
        decoded = memory.asFloatBuffer();
    }

    /** The nearest bfloat16, as fp32. What is not a number stays none. */
    static int rounded(int bits) {
        int nearest = (bits + 0x7fff + ((bits >>> 16) & 1)) & UPPER_HALF;
        int noNumber = (INFINITY - (bits & Integer.MAX_VALUE)) >> 31;
        return (nearest & ~noNumber) | (((bits & UPPER_HALF) | QUIET) & noNumber);
    }

    /**
     * Rounds elements in their place, and encodes them.
     *
     * @param values fp32
     * @param target from its start; native order; its position is left alone
     */
    void encode(IntBuffer values, int from, int elements, ByteBuffer target, IntBuffer targetWords) {
        for (int done = 0; done < elements; done += BLOCK) {
            int count = Math.min(BLOCK, elements - done);
            int half = count / 2;
            values.get(from + done, bits, 0, count);
            round(bits, count);
            values.put(from + done, bits, 0, count);
            join(bits, words, half);
            targetWords.put(done / 2, words, 0, half);
            if (count % 2 != 0) {
                target.putShort((done + count - 1) * BYTES, (short) (bits[count - 1] >>> 16));
            }
        }
    }

    /**
     * Decodes a block.
     *
     * @param sourceWords the source as words, from which {@code source} differs in its unit only
     * @param sourceWord where the block begins, in words
     * @param elements at most {@link #BLOCK}
     * @return fp32, from index 0; valid until the next call
     */
    FloatBuffer decode(ByteBuffer source, IntBuffer sourceWords, int sourceWord, int elements) {
        int half = elements / 2;
        sourceWords.get(sourceWord, words, 0, half);
        split(words, bits, half);
        if (elements % 2 != 0) {
            bits[elements - 1] = source.getShort(sourceWord * Integer.BYTES + (elements - 1) * BYTES) << 16;
        }
        decodedBits.put(0, bits, 0, elements);
        return decoded;
    }

    private static void round(int[] bits, int count) {
        for (int i = 0; i < count; i++) {
            bits[i] = rounded(bits[i]);
        }
    }

    private static void join(int[] bits, int[] words, int half) {
        for (int i = 0; i < half; i++) {
            words[i] = bits[i] >>> 16 | bits[half + i];
        }
    }

    private static void split(int[] words, int[] bits, int half) {
        for (int i = 0; i < half; i++) {
            bits[i] = words[i] << 16;
        }
        for (int i = 0; i < half; i++) {
            bits[half + i] = words[i] & UPPER_HALF;
        }
    }
}
