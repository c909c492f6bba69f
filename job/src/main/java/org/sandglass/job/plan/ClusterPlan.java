package org.sandglass.job.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
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
 * IterationForecast}, {@link EpochForecast} and {@link ExchangeForecast} say how.
 *
 * @param iterationSeconds on all devices
 * @param exposedSeconds of an iteration, in which nothing but communication goes on
 * @param epochSeconds with all that is between the iterations
 * @param minutes of the whole run
 * @param scalingEfficiency images per second on all devices, by what one host makes, times the number of hosts
 * @param requiredGbps the slowest link with which all buckets but the last are summed by the time that backward ends, so
 *     that only the last one is exposed; null if there is none
 * @param noLinkBecause why {@code requiredGbps} is null; null if it is not
 * @param analyticGbps the same by the estimate of Goyal et al., section 4.3: twice the gradient, as it travels, in the time of
 *     backward
 * @param diskBytesPerHost of what exchanges spill, or of the host's pack
 * @param decodeShare of the hosts' cores that decoding takes
 * @param coresPerDevice that must decode for one device that computes and never waits for others
 * @param unevenBecause how workers are dealt if not all devices have equally many; null if they have
 * @param widths the same for fewer hosts
 */
public record ClusterPlan(
        double iterationSeconds,
        double exposedSeconds,
        double epochSeconds,
        double minutes,
        double scalingEfficiency,
        @Nullable Double requiredGbps,
        @Nullable String noLinkBecause,
        double analyticGbps,
        double diskBytesPerHost,
        double decodeShare,
        double coresPerDevice,
        @Nullable String unevenBecause,
        List<Width> widths) {

    /** The forecast for some hosts; k is the number of workers. */
    public record Width(
            int hosts,
            int k,
            double iterationSeconds,
            double epochSeconds,
            double imagesPerSecond,
            double efficiency) {}

    /** Defends against later changes of the list. */
    public ClusterPlan {
        widths = List.copyOf(widths);
    }

    /**
     * Plans; takes seconds. All hosts together have the recipe's workers. Where hosts are fewer, each of their devices has as many
     * as the busiest one of all: so if not all have equally many, the efficiency tells.
     *
     * @param cluster of no more devices than the recipe has workers
     */
    public static ClusterPlan of(Recipe recipe, ClusterSettings cluster, int classes) {
        Network network = ResNet.of(
                recipe.model().name(),
                classes,
                recipe.augmentation().size(),
                recipe.model().zeroGamma());
        IterationForecast iterations = new IterationForecast(recipe, network, cluster);
        EpochForecast epochs = new EpochForecast(recipe, cluster, iterations);
        int workers = recipe.training().workers();
        int devices = cluster.hosts() * cluster.devicesPerHost();
        int microbatches = EpochForecast.microbatches(workers, devices);
        List<Width> widths = new ArrayList<>();
        int perHost = cluster.devicesPerHost() * microbatches;
        for (int hosts = 1; hosts < cluster.hosts() && hosts * perHost < workers; hosts *= 2) {
            int k = hosts * perHost;
            widths.add(width(hosts, k, epochs.on(hosts, k), widths));
        }
        EpochForecast.Epoch epoch = epochs.on(cluster.hosts(), workers);
        Width whole = width(cluster.hosts(), workers, epoch, widths);
        widths.add(whole);
        RequiredLink link = RequiredLink.of(recipe, network, cluster, microbatches);
        return new ClusterPlan(
                epoch.iteration(),
                iterations
                        .on(cluster.hosts(), cluster.devicesPerHost(), microbatches)
                        .exposed(),
                epoch.seconds(),
                (epoch.first() + epoch.seconds() * recipe.training().epochs()) / 60,
                whole.efficiency(),
                link.gbps(),
                link.missing(),
                2 * iterations.wireBytes() / cluster.backward() * 8 / 1e9 / cluster.linkEfficiency(),
                new ExchangeForecast(recipe.exchange(), cluster, cluster.hosts()).diskBytes(),
                epoch.imagesPerSecond() / (cluster.hosts() * cluster.coresPerHost() * cluster.decodePerCore()),
                recipe.training().perWorkerBatchSize() / iterations.on(1, 1, 1).seconds() / cluster.decodePerCore(),
                workers % devices == 0 ? null : uneven(workers, devices, microbatches),
                widths);
    }

    private static String uneven(int workers, int devices, int most) {
        return "%d workers on %d devices: %d train %d in an iteration, and the others wait after %d; a multiple of %d would use all"
                .formatted(workers, devices, workers - (most - 1) * devices, most, most - 1, devices);
    }

    private static Width width(int hosts, int k, EpochForecast.Epoch epoch, List<Width> narrower) {
        double one =
                narrower.isEmpty() ? epoch.imagesPerSecond() : narrower.get(0).imagesPerSecond();
        return new Width(
                hosts,
                k,
                epoch.iteration(),
                epoch.seconds(),
                epoch.imagesPerSecond(),
                epoch.imagesPerSecond() / (one * hosts));
    }

    /** For people. */
    public String table() {
        StringBuilder text = new StringBuilder();
        for (List<String> figure : figures()) {
            text.append(String.format(Locale.ROOT, "%-44s %s%n", figure.get(0), figure.get(1)));
        }
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

    private List<List<String>> figures() {
        List<List<String>> figures = new ArrayList<>(List.of(
                figure("iteration", "%.4f s", iterationSeconds),
                figure("of it exposed communication", "%.4f s", exposedSeconds),
                figure("epoch", "%.1f s", epochSeconds),
                figure("whole run", "%.1f minutes", minutes),
                figure("scaling efficiency from one host", "%.1f %%", 100 * scalingEfficiency),
                requiredGbps == null
                        ? figure("link that hides all buckets but the last", "none: %s", noLinkBecause)
                        : figure("link that hides all buckets but the last", "%.1f Gbit/s", requiredGbps),
                figure("link by the paper's estimate", "%.1f Gbit/s", analyticGbps),
                figure("disk of a host, for images", "%.1f GB", diskBytesPerHost / 1e9),
                figure("decoding, of the cores", "%.0f %%", 100 * decodeShare),
                figure("cores that feed a device", "%.1f", coresPerDevice)));
        if (unevenBecause != null) {
            figures.add(figure("uneven", "%s", unevenBecause));
        }
        return figures;
    }

    private static List<String> figure(String name, String format, @Nullable Object value) {
        return List.of(name, String.format(Locale.ROOT, format, value));
    }

    /**
     * What the plan says, and efficiency and times against k.
     *
     * @param where the file that was planned for, with what was set beside it
     */
    public ChartPage page(String where, ClusterSettings cluster) {
        Axis k = Axis.log("workers k");
        String machines = String.format(
                Locale.ROOT,
                "Hosts: %d, with %d devices and %d cores each; link %.2f Gbit/s, of which %.0f %% is left for data, latency"
                        + " %.0f µs; disk %.2f GB/s; decoding %.0f images/s a core.",
                cluster.hosts(),
                cluster.devicesPerHost(),
                cluster.coresPerHost(),
                cluster.linkGbps(),
                100 * cluster.linkEfficiency(),
                1e6 * cluster.latency(),
                cluster.diskBytesPerSecond() / 1e9,
                cluster.decodePerCore());
        return new ChartPage(
                "Sandglass · plan",
                where,
                List.of(machines),
                List.of(
                        chart("efficiency", "Scaling efficiency", k, "%", width -> 100 * width.efficiency()),
                        chart("iteration", "Time of an iteration", k, "seconds", Width::iterationSeconds),
                        chart("epoch", "Time of an epoch", k, "seconds", Width::epochSeconds)),
                List.of(new ChartPage.Table("Plan", List.of("", "planned"), 1, figures())));
    }

    private Chart chart(String id, String title, Axis x, String unit, ToDoubleFunction<Width> value) {
        List<Point> points = widths.stream()
                .map(width -> Point.of(width.k(), value.applyAsDouble(width)))
                .toList();
        Axis y = id.equals("epoch") ? Axis.log(unit) : Axis.linear(unit);
        return new Chart(id, title, x, y, List.of(new Chart.Line("plan", true, points)));
    }
}
