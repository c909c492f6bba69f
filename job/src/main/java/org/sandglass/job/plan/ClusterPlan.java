package org.sandglass.job.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.ClusterSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.report.Chart;
import org.sandglass.job.report.Chart.Axis;
import org.sandglass.job.report.Chart.Point;
import org.sandglass.job.report.ChartPage;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

/**
 * What a recipe will take on a cluster. Every number comes from the recipe, the cluster and the calibration; {@link
 * IterationForecast} says how.
 *
 * @param iterationSeconds on all devices
 * @param exposedSeconds of an iteration, in which nothing but communication goes on
 * @param epochSeconds with all that is between the iterations
 * @param minutes of the whole run
 * @param scalingEfficiency images per second on all devices, by what one host makes, times the number of hosts
 * @param requiredGbps the slowest link with which all buckets but the last are summed by the time that backward ends, so
 *     that only the last one is exposed; null if there is none, because something else is slower
 * @param analyticGbps the same by the estimate of Goyal et al., section 4.3: twice the gradient in the time of backward
 * @param diskBytesPerHost that an exchange spills, two of them being there at a time
 * @param decodeShare of the hosts' cores that decoding takes
 * @param coresPerDevice that must decode for one device that computes and never waits for others
 * @param widths the same for fewer hosts
 */
public record ClusterPlan(
        double iterationSeconds,
        double exposedSeconds,
        double epochSeconds,
        double minutes,
        double scalingEfficiency,
        @Nullable Double requiredGbps,
        double analyticGbps,
        double diskBytesPerHost,
        double decodeShare,
        double coresPerDevice,
        List<Width> widths) {

    /** The forecast for some hosts; k is the number of devices, and of workers. */
    public record Width(
            int hosts,
            int k,
            double iterationSeconds,
            double epochSeconds,
            double imagesPerSecond,
            double efficiency) {}

    /** Of an exchange that runs ahead, two are on the disks. */
    private static final double EXCHANGES_ON_DISK = 2;

    private static final double FASTEST_GBPS = 1e4;
    private static final double SLOWEST_GBPS = 1e-3;

    /** Defends against later changes of the list. */
    public ClusterPlan {
        widths = List.copyOf(widths);
    }

    /** Plans; takes seconds. Workers per device follow from the recipe's workers on all hosts, and stay where hosts are fewer. */
    public static ClusterPlan of(Recipe recipe, ClusterSettings cluster, int classes) {
        Network network = ResNet.of(
                recipe.model().name(),
                classes,
                recipe.augmentation().size(),
                recipe.model().zeroGamma());
        IterationForecast forecast = new IterationForecast(recipe, network, cluster);
        int devices = cluster.hosts() * cluster.devicesPerHost();
        int microbatches = (recipe.training().workers() - 1) / devices + 1;
        List<Width> widths = new ArrayList<>();
        for (int hosts = 1; hosts < cluster.hosts(); hosts *= 2) {
            widths.add(width(recipe, cluster, forecast, hosts, microbatches, widths));
        }
        Width whole = width(recipe, cluster, forecast, cluster.hosts(), microbatches, widths);
        widths.add(whole);
        IterationForecast.Iteration iteration = forecast.on(cluster.hosts(), cluster.devicesPerHost(), microbatches);
        double images = cluster.data().samples() * cluster.data().encodedBytes();
        return new ClusterPlan(
                whole.iterationSeconds(),
                iteration.exposed(),
                whole.epochSeconds(),
                whole.epochSeconds() * recipe.training().epochs() / 60,
                whole.efficiency(),
                cluster.hosts() == 1 ? Double.valueOf(0) : requiredGbps(recipe, network, cluster, microbatches),
                2 * forecast.gradientBytes() / cluster.backward() * 8 / 1e9 / cluster.linkEfficiency(),
                EXCHANGES_ON_DISK * images / cluster.hosts(),
                whole.imagesPerSecond() / (cluster.hosts() * cluster.coresPerHost() * cluster.decodePerCore()),
                recipe.training().perWorkerBatchSize() / forecast.on(1, 1, 1).seconds() / cluster.decodePerCore(),
                widths);
    }

    private static Width width(
            Recipe recipe,
            ClusterSettings cluster,
            IterationForecast forecast,
            int hosts,
            int microbatches,
            List<Width> narrower) {
        int devices = hosts * cluster.devicesPerHost();
        long perIteration = (long) devices * microbatches * recipe.training().perWorkerBatchSize();
        double decoding = perIteration / (hosts * cluster.coresPerHost() * cluster.decodePerCore());
        IterationForecast.Iteration iteration = forecast.on(hosts, cluster.devicesPerHost(), microbatches);
        // Processors that compute decode while they wait for a sum, or instead of computing.
        double busy = cluster.engineOnDevice() ? iteration.seconds() - iteration.exposed() : 0;
        double seconds = Math.max(iteration.seconds(), busy + decoding);
        double imagesPerSecond = perIteration / seconds;
        long iterations = (cluster.data().samples() - 1) / perIteration + 1;
        double training = iterations * seconds;
        double exchange = cluster.data().samples()
                * cluster.data().encodedBytes()
                / hosts
                / Math.min(
                        cluster.exchangeBytesPerSecond(),
                        Math.min(cluster.diskBytesPerSecond(), cluster.linkBytesPerSecond()));
        double exposed = recipe.exchange().ahead() ? Math.max(0, exchange - training) : exchange;
        double evaluation = cluster.data().validation() == 0
                ? 0
                : cluster.stage()
                        + cluster.forward()
                                * Math.ceil(cluster.data().validation()
                                        / ((double) devices * recipe.training().perWorkerBatchSize()));
        double epoch = cluster.stage() + exposed + training + evaluation;
        double one = narrower.isEmpty() ? imagesPerSecond : narrower.get(0).imagesPerSecond();
        return new Width(
                hosts, devices * microbatches, seconds, epoch, imagesPerSecond, imagesPerSecond / (one * hosts));
    }

    private static @Nullable Double requiredGbps(
            Recipe recipe, Network network, ClusterSettings cluster, int microbatches) {
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
        return high < Math.log(FASTEST_GBPS) ? Math.exp(high) : null;
    }

    /** For people. */
    public String table() {
        StringBuilder text = new StringBuilder();
        row(text, "iteration", "%.4f s", iterationSeconds);
        row(text, "of it exposed communication", "%.4f s", exposedSeconds);
        row(text, "epoch", "%.1f s", epochSeconds);
        row(text, "whole run", "%.1f minutes", minutes);
        row(text, "scaling efficiency from one host", "%.1f %%", 100 * scalingEfficiency);
        row(text, "link that hides all buckets but the last", "%s", link());
        row(text, "link by the paper's estimate", "%.1f Gbit/s", analyticGbps);
        row(text, "disk of a host, for exchanges", "%.1f GB", diskBytesPerHost / 1e9);
        row(text, "decoding, of the cores", "%.0f %%", 100 * decodeShare);
        row(text, "cores that feed a device", "%.1f", coresPerDevice);
        for (Width width : widths) {
            text.append(String.format(
                    Locale.ROOT,
                    "  k = %5d on %4d hosts   %.4f s an iteration %9.1f s an epoch %9.0f images/s   %.1f %%%n",
                    width.k(),
                    width.hosts(),
                    width.iterationSeconds(),
                    width.epochSeconds(),
                    width.imagesPerSecond(),
                    100 * width.efficiency()));
        }
        return text.toString();
    }

    private String link() {
        return requiredGbps == null
                ? "none, for something else is slower"
                : String.format(Locale.ROOT, "%.1f Gbit/s", requiredGbps);
    }

    private static void row(StringBuilder text, String name, String format, Object value) {
        text.append(String.format(Locale.ROOT, "%-44s ", name))
                .append(String.format(Locale.ROOT, format, value))
                .append(System.lineSeparator());
    }

    /** Efficiency and times against k. */
    public ChartPage page(String title) {
        Axis k = Axis.log("workers k");
        return new ChartPage(
                "Sandglass · plan",
                title,
                List.of(String.format(
                        Locale.ROOT,
                        "%.1f minutes for the whole run; scaling efficiency %.1f %%; link that hides all buckets but the last:"
                                + " %s",
                        minutes,
                        100 * scalingEfficiency,
                        link())),
                List.of(
                        chart("efficiency", "Scaling efficiency", k, "%", width -> 100 * width.efficiency()),
                        chart("iteration", "Time of an iteration", k, "seconds", Width::iterationSeconds),
                        chart("epoch", "Time of an epoch", k, "seconds", Width::epochSeconds)),
                List.of());
    }

    private Chart chart(
            String id, String title, Axis x, String unit, java.util.function.ToDoubleFunction<Width> value) {
        List<Point> points = widths.stream()
                .map(width -> Point.of(width.k(), value.applyAsDouble(width)))
                .toList();
        Axis y = id.equals("epoch") ? Axis.log(unit) : Axis.linear(unit);
        return new Chart(id, title, x, y, List.of(new Chart.Line("plan", true, points)));
    }
}
