package org.sandglass.job.plan;

import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.ClusterSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.ops.nn.Network;

/**
 * The slowest link with which all buckets but the last are summed by the time that the last one is complete, so that only its
 * sum is exposed.
 *
 * @param gbps null if there is none
 * @param missing why there is none; null if there is one
 */
record RequiredLink(@Nullable Double gbps, @Nullable String missing) {

    private static final double FASTEST_GBPS = 1e4;
    private static final double SLOWEST_GBPS = 1e-3;

    static RequiredLink of(Recipe recipe, Network network, ClusterSettings cluster, int microbatches) {
        if (cluster.hosts() == 1) {
            return none("one host has no need of a link");
        }
        if (!recipe.collective().overlap()) {
            return none("collective.overlap = false, so that all sums are exposed on any link");
        }
        if (!new IterationForecast(recipe, network, cluster).hasSeveralBuckets()) {
            return none("all gradients are in one bucket, which is exposed on any link: lower collective.bucketSize");
        }
        double low = Math.log(SLOWEST_GBPS);
        double high = Math.log(FASTEST_GBPS);
        while (high - low > 0.01) {
            double middle = (low + high) / 2;
            IterationForecast.Iteration iteration = new IterationForecast(
                            recipe, network, cluster.withLink(Math.exp(middle)))
                    .on(cluster.hosts(), cluster.devicesPerHost(), microbatches);
            if (iteration.othersSummed() <= iteration.lastReady()) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return high < Math.log(FASTEST_GBPS)
                ? new RequiredLink(Math.exp(high), null)
                : none("something else is too slow: the engine, its frames, the latency, or the copies");
    }

    private static RequiredLink none(String missing) {
        return new RequiredLink(null, missing);
    }
}
