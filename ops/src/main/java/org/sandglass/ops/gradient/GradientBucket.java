package org.sandglass.ops.gradient;

/**
 * A contiguous piece of the gradient vector that is summed by one all-reduce.
 *
 * @param offset first element in the gradient vector
 * @param length elements
 * @param parameters how many parameters, in the order of the layout, must have their gradients before it may be summed,
 *     those of earlier buckets included
 */
public record GradientBucket(long offset, long length, int parameters) {

    public GradientBucket {
        if (offset < 0 || length <= 0 || parameters < 0) {
            throw new IllegalArgumentException(
                    "Cannot make a bucket: offset=" + offset + " length=" + length + " parameters=" + parameters);
        }
    }

    public long end() {
        return offset + length;
    }
}
