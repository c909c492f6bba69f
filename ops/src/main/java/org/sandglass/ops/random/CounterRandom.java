package org.sandglass.ops.random;

/**
 * A stream of random numbers that is a pure function of a purpose and a key.
 *
 * <p>Two streams of the same purpose and key are equal on every machine and in every thread, which is what makes a run
 * repeatable whatever the timing. The mixing function is the finaliser of SplitMix64 (Steele, Lea, Flood, "Fast
 * Splittable Pseudorandom Number Generators", 2014). Not thread-safe: a stream belongs to one thread. Not for secrets.
 */
public final class CounterRandom {

    /** What the numbers are for; streams of different purposes are independent. */
    public enum Purpose {
        INITIALIZATION(1),
        PERMUTATION(2),
        AUGMENTATION(3),
        SYNTHESIS(4);

        private final int code;

        Purpose(int code) {
            this.code = code;
        }
    }

    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private final long key;
    private long counter;

    private CounterRandom(long key) {
        this.key = key;
    }

    /** The stream of {@code purpose} under {@code key}, for example (seed, epoch, sample id). */
    public static CounterRandom of(Purpose purpose, long... key) {
        long mixed = mix(GOLDEN_GAMMA * purpose.code);
        for (long word : key) {
            mixed = mix(mixed ^ mix(word + GOLDEN_GAMMA));
        }
        return new CounterRandom(mixed);
    }

    /** A bijection of 64-bit words whose output bits each depend on every input bit. */
    public static long mix(long word) {
        long z = word;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    public long nextLong() {
        counter++;
        return mix(key + counter * GOLDEN_GAMMA);
    }

    /** Uniform in [0, 1). */
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /** Uniform in [low, high). */
    public double nextDouble(double low, double high) {
        return low + (high - low) * nextDouble();
    }

    /**
     * Uniform in [0, bound); the bias is below 2^-32.
     *
     * @throws IllegalArgumentException if {@code bound} is not positive
     */
    public int nextInt(int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("Cannot draw: bound must be positive: " + bound);
        }
        return (int) Math.multiplyHigh(nextLong() >>> 1, (long) bound << 1);
    }

    public boolean nextBoolean() {
        return nextLong() < 0;
    }

    /** Standard normal, by Box and Muller; consumes two numbers of the stream. */
    public double nextGaussian() {
        double radius = Math.sqrt(-2.0 * StrictMath.log(1.0 - nextDouble()));
        return radius * StrictMath.cos(2.0 * Math.PI * nextDouble());
    }
}
