package org.sandglass.job.plan;

import java.util.ArrayList;
import java.util.List;
import org.sandglass.job.config.ClusterSettings;
import org.sandglass.job.config.CollectiveSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.ops.collective.Algorithm;
import org.sandglass.ops.collective.NetworkForecast;
import org.sandglass.ops.gradient.BucketPlan;
import org.sandglass.ops.gradient.GradientBucket;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.tensor.DataType;

/**
 * One iteration on a number of hosts, step by step: forward and backward at the slowest device; each bucket, as soon as
 * backward has completed it at all devices, is summed within the host, copied out, summed over the hosts, copied back, and
 * shared (Goyal et al., section 4); the update of a bucket follows it.
 */
final class IterationForecast {

    /** Larger than what is sent, for shorter forecasts, and such that halves of a buffer need no small frame for a rest. */
    static final int FRAME_BYTES = 256 << 10;

    private final Recipe recipe;
    private final ClusterSettings cluster;
    private final List<GradientBucket> buckets;
    private final List<Double> ready;

    /**
     * What an iteration takes, in seconds.
     *
     * @param exposed of it, in which nothing but communication was going on
     * @param lastReady when the last bucket was complete
     * @param othersSummed when all buckets before it had been summed over the hosts; 0 if there are none
     */
    record Iteration(double seconds, double exposed, double lastReady, double othersSummed) {}

    IterationForecast(Recipe recipe, Network network, ClusterSettings cluster) {
        this.recipe = recipe;
        this.cluster = cluster;
        this.buckets = BucketPlan.of(network.layout(), recipe.collective().bucketBytes())
                .buckets();
        List<Double> shares = BackwardTimeline.of(
                        network,
                        recipe.training().perWorkerBatchSize(),
                        cluster.deviceFlops(),
                        cluster.deviceBytesPerSecond())
                .shares();
        this.ready = buckets.stream()
                .map(bucket -> bucket.parameters() == 0 ? 0 : shares.get(bucket.parameters() - 1))
                .toList();
    }

    /** @param microbatches that each device trains one after another */
    Iteration on(int hosts, int devicesPerHost, int microbatches) {
        double slowest = 1 + cluster.deviation() * expectedMaximum(hosts * devicesPerHost);
        double forward = cluster.forward() * slowest;
        double backward = cluster.backward() * slowest;
        double before = (microbatches - 1) * (forward + backward);
        boolean overlap = recipe.collective().overlap();
        if (overlap && cluster.engineOnDevice()) {
            backward += engineSeconds(hosts);
        }
        double end = before + forward + backward;
        List<NetworkForecast.Sum> sums = new ArrayList<>();
        double within = 0;
        double copied = 0;
        for (int i = 0; i < buckets.size(); i++) {
            double complete = overlap ? before + forward + ready.get(i) * backward : end;
            within = Math.max(within, complete) + inHost(i, devicesPerHost);
            copied = Math.max(copied, within) + copy(i, hosts);
            sums.add(new NetworkForecast.Sum((int) buckets.get(i).length(), copied));
        }
        double[] summed = network().completions(algorithm(recipe), hosts, sums);
        double back = 0;
        double shared = 0;
        double time = end;
        for (int i = 0; i < buckets.size(); i++) {
            back = Math.max(back, summed[i]) + copy(i, hosts);
            shared = Math.max(shared, back) + inHost(i, devicesPerHost);
            time = Math.max(time, shared) + cluster.update() * shareOf(i);
        }
        int last = buckets.size() - 1;
        return new Iteration(
                time,
                time - end - cluster.update(),
                overlap ? before + forward + ready.get(last) * backward : end,
                last == 0 ? 0 : summed[last - 1]);
    }

    /** Whether gradients are complete, and summed, at different times. */
    boolean hasSeveralBuckets() {
        return buckets.stream().filter(bucket -> bucket.parameters() > 0).count() > 1;
    }

    /** What an engine is busy for: it sends, and receives, 2(p − 1)/p of the gradients, frame by frame. */
    private double engineSeconds(int hosts) {
        double moved = 4.0 * (hosts - 1) / hosts * gradientBytes();
        return moved / cluster.engineBytesPerSecond() + moved / FRAME_BYTES * cluster.frame();
    }

    private NetworkForecast network() {
        return new NetworkForecast(
                cluster.linkBytesPerSecond() * gradientBytes() / wireBytes(),
                cluster.latency(),
                cluster.engineBytesPerSecond(),
                cluster.frame(),
                FRAME_BYTES);
    }

    static Algorithm algorithm(Recipe recipe) {
        CollectiveSettings.Algorithm wanted = recipe.collective().algorithm();
        return Algorithm.valueOf(wanted.name());
    }

    /** Summing a bucket among the devices of a host, or sharing it: a ring moves (d − 1)/d of it over each link. */
    private double inHost(int bucket, int devices) {
        return bytes(bucket) * (devices - 1) / devices / cluster.hostBytesPerSecond();
    }

    private double copy(int bucket, int hosts) {
        return hosts == 1 ? 0 : bytes(bucket) / cluster.copyBytesPerSecond();
    }

    private double bytes(int bucket) {
        return (double) buckets.get(bucket).length() * Float.BYTES;
    }

    private double shareOf(int bucket) {
        return bytes(bucket) / gradientBytes();
    }

    /** Bytes of the vector that is summed. */
    double gradientBytes() {
        return (double) buckets.get(buckets.size() - 1).end() * Float.BYTES;
    }

    /** Bytes of it as they travel. */
    double wireBytes() {
        return gradientBytes() / (recipe.collective().wire() == DataType.BF16 ? 2 : 1);
    }

    /**
     * The expected maximum of {@code count} independent standard normal numbers: ∫ x d(Φ^count), by the trapezoidal rule.
     */
    static double expectedMaximum(int count) {
        double step = 1e-3;
        double sum = 0;
        double phi = 0;
        double before = 0;
        for (double x = -8; x < 8; x += step) {
            phi += step * Math.exp(-(x + step / 2) * (x + step / 2) / 2) / Math.sqrt(2 * Math.PI);
            double now = Math.pow(Math.min(1, phi), count);
            sum += (x + step / 2) * (now - before);
            before = now;
        }
        return sum;
    }
}
