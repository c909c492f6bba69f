package org.sandglass.job.data;

import java.util.Objects;
import org.sandglass.ops.random.CounterRandom;

/**
 * What one task used in one epoch: every sample that it trained on is counted and folded into an order-free 128-bit
 * checksum of the ids (two sums, modulo 2^64, of independent mixes).
 *
 * <p>It knows nothing of plans and permutations, so that it can find their mistakes. One bit a sample of the table is
 * kept, to count distinct ids: 160 KB for ImageNet. Not thread-safe.
 */
public final class SampleAudit {

    private static final long LOW_KEY = 0x243f6a8885a308d3L;
    private static final long HIGH_KEY = 0x13198a2e03707344L;

    private final long tableSamples;
    private final long[] seen;
    private long samples;
    private long distinct;
    private long skipped;
    private long checksumHigh;
    private long checksumLow;

    /** @param tableSamples the number of samples in the table, whose ids are [0, tableSamples) */
    public SampleAudit(long tableSamples) {
        if (tableSamples <= 0) {
            throw new IllegalArgumentException("Cannot audit: samples must be positive: " + tableSamples);
        }
        this.tableSamples = tableSamples;
        this.seen = new long[Math.toIntExact((tableSamples - 1) / Long.SIZE + 1)];
    }

    /** A sample was trained on. */
    public void add(long id) {
        samples++;
        distinct += note(id);
    }

    /** A sample was left out because its image is corrupt and the recipe says to skip those. */
    public void skip(long id) {
        skipped++;
        note(id);
    }

    /** All of a microbatch: what was trained on and what was left out. */
    public void add(Microbatch microbatch) {
        for (long id : microbatch.ids()) {
            add(id);
        }
        for (long id : microbatch.skippedIds()) {
            skip(id);
        }
    }

    public AuditReport report() {
        return new AuditReport(samples, distinct, skipped, checksumHigh, checksumLow);
    }

    /** What the tasks' reports must add up to: every id of [0, tableSamples) once. Takes nanoseconds a sample. */
    public static AuditReport expected(long tableSamples) {
        long high = 0;
        long low = 0;
        for (long id = 0; id < tableSamples; id++) {
            high += mixHigh(id);
            low += mixLow(id);
        }
        return new AuditReport(tableSamples, tableSamples, 0, high, low);
    }

    private int note(long id) {
        Objects.checkIndex(id, tableSamples);
        checksumHigh += mixHigh(id);
        checksumLow += mixLow(id);
        int word = (int) (id >>> 6);
        long bit = 1L << id;
        boolean isNew = (seen[word] & bit) == 0;
        seen[word] |= bit;
        return isNew ? 1 : 0;
    }

    private static long mixHigh(long id) {
        return CounterRandom.mix(CounterRandom.mix(id ^ HIGH_KEY));
    }

    private static long mixLow(long id) {
        return CounterRandom.mix(id ^ LOW_KEY);
    }
}
