package org.sandglass.job.plan;

import org.sandglass.job.config.ClusterSettings;
import org.sandglass.job.config.Recipe;

/** An epoch on a number of hosts: its iterations, which decoding may hold up, and what is calibrated beside them. */
record EpochForecast(Recipe recipe, ClusterSettings cluster, IterationForecast iterations) {

    /**
     * What an epoch takes, in seconds.
     *
     * @param iteration of a whole minibatch
     * @param first what is before the first epoch only
     */
    record Epoch(double iteration, double seconds, double first, double imagesPerSecond) {}

    /** The microbatches that the busiest of so many devices trains one after another. */
    static int microbatches(int workers, int devices) {
        return (workers - 1) / devices + 1;
    }

    /** @param workers at least one a device */
    Epoch on(int hosts, int workers) {
        int devices = hosts * cluster.devicesPerHost();
        int n = recipe.training().perWorkerBatchSize();
        int microbatches = microbatches(workers, devices);
        double iteration = iteration(hosts, microbatches);
        long images = (long) workers * n;
        double training = ((cluster.data().samples() - 1) / images + 1) * iteration;
        double evaluation = cluster.data().validation() == 0
                ? 0
                : cluster.stage() + cluster.forward() * Math.ceil(cluster.data().validation() / ((double) devices * n));
        ExchangeForecast exchange = new ExchangeForecast(recipe.exchange(), cluster, hosts);
        return new Epoch(
                iteration,
                cluster.stage() + exchange.exposed(training) + training + evaluation,
                exchange.first(training),
                images / iteration);
    }

    private double iteration(int hosts, int microbatches) {
        IterationForecast.Iteration iteration = iterations.on(hosts, cluster.devicesPerHost(), microbatches);
        // Processors that compute decode while they wait for a sum, or instead of computing.
        double busy = cluster.engineOnDevice() ? iteration.seconds() - iteration.exposed() : 0;
        // The busiest device has no more of the cores than the others.
        double decoding = (double) microbatches
                * recipe.training().perWorkerBatchSize()
                * cluster.devicesPerHost()
                / (cluster.coresPerHost() * cluster.decodePerCore());
        return Math.max(iteration.seconds(), busy + decoding);
    }
}
