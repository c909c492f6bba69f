package org.sandglass.ops.gradient;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Parameter;

/**
 * The gradient vector cut into buckets, in the order in which backward completes them.
 *
 * <p>A bucket ends where a parameter ends. It is at most as large as asked for, unless a single parameter is larger,
 * which then has a bucket to itself. Counters and batch statistics, which are complete before backward begins, are the
 * first bucket. Source: Goyal et al., section 4.
 */
public record BucketPlan(List<GradientBucket> buckets) {

    public BucketPlan {
        buckets = List.copyOf(buckets);
        long end = 0;
        int parameters = 0;
        for (GradientBucket bucket : buckets) {
            if (bucket.offset() != end || bucket.parameters() < parameters) {
                throw new IllegalArgumentException(
                        "Cannot plan: " + bucket + " does not follow element " + end + " and parameter " + parameters);
            }
            end = bucket.end();
            parameters = bucket.parameters();
        }
    }

    /**
     * Cuts a layout.
     *
     * @param bucketBytes size that buckets should not exceed, positive
     */
    public static BucketPlan of(FlatLayout layout, long bucketBytes) {
        if (bucketBytes <= 0) {
            throw new IllegalArgumentException("Cannot plan buckets: bucketBytes is not positive: " + bucketBytes);
        }
        List<Parameter> parameters = layout.parameters();
        List<GradientBucket> buckets = new ArrayList<>();
        long start = 0;
        for (int i = 0; i < parameters.size(); i++) {
            long from = layout.gradientOffset(parameters.get(i));
            long to =
                    i + 1 < parameters.size() ? layout.gradientOffset(parameters.get(i + 1)) : layout.gradientLength();
            if (from > start && (i == 0 || (to - start) * Float.BYTES > bucketBytes)) {
                buckets.add(new GradientBucket(start, from - start, i));
                start = from;
            }
        }
        if (layout.gradientLength() > start) {
            buckets.add(new GradientBucket(start, layout.gradientLength() - start, parameters.size()));
        }
        return new BucketPlan(buckets);
    }

    /**
     * The same buckets in pieces that are handed over, summed and stored one by one, so that a bucket's copies to and from the
     * host overlap its way over the network.
     *
     * @param pieceBytes size that pieces do not exceed, positive
     */
    public BucketPlan cut(long pieceBytes) {
        long most = pieceBytes / Float.BYTES;
        if (most <= 0) {
            throw new IllegalArgumentException("Cannot cut buckets: pieceBytes=" + pieceBytes);
        }
        List<GradientBucket> pieces = new ArrayList<>();
        for (GradientBucket bucket : buckets) {
            for (long done = 0; done < bucket.length(); done += most) {
                pieces.add(new GradientBucket(
                        bucket.offset() + done, Math.min(most, bucket.length() - done), bucket.parameters()));
            }
        }
        return new BucketPlan(pieces);
    }
}
