package org.sandglass.job.data;

import java.util.Objects;
import java.util.stream.LongStream;
import org.sandglass.ops.random.CounterRandom;

/**
 * A random-looking permutation of [0, size) that takes no memory: any element's position, and any position's element,
 * is computed by itself.
 *
 * <p>An alternating Feistel network over the fewest bits that hold {@code size} (Luby and Rackoff, 1988), walked along
 * its cycle until it falls into the range (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002): less than
 * two walks on average. Immutable and thread-safe. Not for secrets.
 */
final class KeyedPermutation {

    /** Enough for the smallest networks, of one bit a side, to reach all permutations about equally often. */
    private static final int ROUNDS = 16;

    private final long size;
    private final int lowBits;
    private final int highBits;
    private final long[] roundKeys;

    private KeyedPermutation(long size, long[] roundKeys) {
        int bits = Math.max(2, Long.SIZE - Long.numberOfLeadingZeros(size - 1));
        this.size = size;
        this.lowBits = bits / 2;
        this.highBits = bits - lowBits;
        this.roundKeys = roundKeys;
    }

    /** @throws IllegalArgumentException if {@code size} is not in [1, 2^62] */
    static KeyedPermutation of(long size, long seed, long epoch) {
        return of(size, CounterRandom.of(CounterRandom.Purpose.PERMUTATION, seed, epoch));
    }

    /** A permutation that {@code random} draws. */
    static KeyedPermutation of(long size, CounterRandom random) {
        if (size <= 0 || size > 1L << 62) {
            throw new IllegalArgumentException("Cannot permute: size must be in [1, 2^62]: " + size);
        }
        return new KeyedPermutation(
                size, LongStream.generate(random::nextLong).limit(ROUNDS).toArray());
    }

    /** Where {@code element} comes to stand. */
    long position(long element) {
        Objects.checkIndex(element, size);
        long word = element;
        do {
            word = encipher(word);
        } while (word >= size);
        return word;
    }

    /** Which element stands at {@code position}: the inverse of {@link #position}. */
    long element(long position) {
        Objects.checkIndex(position, size);
        long word = position;
        do {
            word = decipher(word);
        } while (word >= size);
        return word;
    }

    private long encipher(long word) {
        long low = word & mask(lowBits);
        long high = word >>> lowBits;
        for (int round = 0; round < ROUNDS; round += 2) {
            low ^= scramble(round, high, lowBits);
            high ^= scramble(round + 1, low, highBits);
        }
        return high << lowBits | low;
    }

    private long decipher(long word) {
        long low = word & mask(lowBits);
        long high = word >>> lowBits;
        for (int round = ROUNDS - 2; round >= 0; round -= 2) {
            high ^= scramble(round + 1, low, highBits);
            low ^= scramble(round, high, lowBits);
        }
        return high << lowBits | low;
    }

    private long scramble(int round, long half, int bits) {
        return CounterRandom.mix(roundKeys[round] ^ half) >>> (Long.SIZE - bits);
    }

    private static long mask(int bits) {
        return (1L << bits) - 1;
    }
}
