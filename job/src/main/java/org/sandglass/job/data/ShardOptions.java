package org.sandglass.job.data;

import java.io.Serializable;

/**
 * How a {@link ShardIterator} works.
 *
 * @param threads that decode, at least 1
 * @param prefetch microbatches decoded ahead of the one in use, at least 1; each holds its encoded images and one
 *     buffer of images
 * @param skipCorrupt whether a corrupt image is left out and counted, instead of ending the run
 * @param levels whether images stay 8-bit levels, of which the device makes numbers
 * @param locator says where a corrupt image lies: {@link SampleTable#locator}
 */
public record ShardOptions(int threads, int prefetch, boolean skipCorrupt, boolean levels, SampleLocator locator)
        implements Serializable {

    /** Microbatches that a task decodes ahead. */
    public static final int PREFETCH = 2;

    /** Images become numbers. */
    public ShardOptions(int threads, int prefetch, boolean skipCorrupt, SampleLocator locator) {
        this(threads, prefetch, skipCorrupt, false, locator);
    }

    public ShardOptions {
        if (threads <= 0 || prefetch <= 0) {
            throw new IllegalArgumentException(
                    "Cannot iterate: threads and prefetch must be positive: threads=%d prefetch=%d"
                            .formatted(threads, prefetch));
        }
    }
}
