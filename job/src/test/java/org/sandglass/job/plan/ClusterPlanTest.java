package org.sandglass.job.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.job.config.PlanFile;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

class ClusterPlanTest {

    private static final String PAPER = "../conf/paper/cluster-2017.conf";

    @Test
    void shouldFindWhatThePaperFoundOnItsCluster() {
        ClusterPlan plan = plan(Map.of());
        assertThat(plan.scalingEfficiency()).isBetween(0.85, 0.95);
        assertThat(plan.minutes()).isBetween(50.0, 75.0);
        // Section 4.3: about 15 Gbit/s of peak bandwidth; 50 suffice.
        assertThat(plan.analyticGbps()).isBetween(14.0, 17.0);
        assertThat(plan.requiredGbps()).isBetween(12.0, 30.0);
        assertThat(plan.widths()).extracting(ClusterPlan.Width::k).containsExactly(8, 16, 32, 64, 128, 256);
    }

    @Test
    void shouldSufferFromASlowLinkAndGainNothingFromAFasterOne() {
        ClusterPlan plan = plan(Map.of());
        ClusterPlan slow = plan(Map.of("cluster.link.gbps", "5"));
        ClusterPlan fast = plan(Map.of("cluster.link.gbps", "500"));
        assertThat(slow.scalingEfficiency()).isLessThan(0.5);
        assertThat(slow.exposedSeconds()).isGreaterThan(5 * plan.exposedSeconds());
        assertThat(fast.scalingEfficiency()).isBetween(plan.scalingEfficiency(), 1.0);
        assertThat(slow.requiredGbps()).isCloseTo(plan.requiredGbps(), withinPercentage(5));
    }

    @Test
    void shouldEstimateTheLinkByTheBytesThatTravel() {
        Map<String, String> settings = onHosts(4);
        double whole = plan(settings).analyticGbps();
        settings.put("collective.wire", "bf16");
        assertThat(plan(settings).analyticGbps()).isCloseTo(whole / 2, withinPercentage(0.01));
    }

    @Test
    void shouldExposeTheWholeSumWithoutOverlap() {
        ClusterPlan plan = plan(Map.of("collective.overlap", "false"));
        double sum = 2 * 31.0 / 32 * 102.2e6 / (0.85 * 50e9 / 8);
        assertThat(plan.exposedSeconds()).isBetween(sum, sum + 0.035);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            calibration.engine.GBps | 1     | something else is too slow: the engine
            collective.overlap | false      | collective.overlap = false
            collective.bucketSize | 1GiB    | all gradients are in one bucket
            training.workers | 8            | one host has no need of a link
            """)
    void shouldSayWhyNoLinkHidesTheSums(String key, String value, String reason) {
        Map<String, String> settings = key.equals("training.workers") ? onHosts(1) : onHosts(4);
        settings.put(key, value);
        ClusterPlan plan = plan(settings);
        assertThat(plan.requiredGbps()).isNull();
        assertThat(plan.noLinkBecause()).startsWith(reason);
        assertThat(plan.table()).containsPattern("hides all buckets but the last +none: " + reason);
    }

    @Test
    void shouldLetTheBusiestDeviceDecideAndCountTheWorkersThatThereAre() {
        Map<String, String> settings = onHosts(3);
        settings.put("training.workers", "32");
        ClusterPlan uneven = plan(settings);
        settings.put("training.workers", "48");
        ClusterPlan even = plan(settings);

        assertThat(uneven.iterationSeconds()).isEqualTo(even.iterationSeconds());
        assertThat(images(uneven)).isCloseTo(32 * 32 / uneven.iterationSeconds(), within(1e-6));
        assertThat(uneven.scalingEfficiency()).isCloseTo(even.scalingEfficiency() * 32 / 48, within(1e-9));
        assertThat(uneven.widths()).extracting(ClusterPlan.Width::k).containsExactly(16, 32);
        assertThat(even.widths()).extracting(ClusterPlan.Width::k).containsExactly(16, 32, 48);
        assertThat(uneven.table())
                .containsPattern(
                        "uneven +32 workers on 24 devices: 8 train 2 in an iteration, and the others wait after 1;"
                                + " a multiple of 24 would use all");
        assertThat(even.unevenBecause()).isNull();
    }

    @Test
    void shouldTrainTheWorkersOfADeviceOneAfterAnother() {
        Map<String, String> settings = onHosts(2);
        ClusterPlan one = plan(settings);
        settings.put("training.workers", "48");
        ClusterPlan three = plan(settings);

        double more = three.iterationSeconds() - one.iterationSeconds();
        assertThat(more).isBetween(2 * 0.18, 2 * 0.18 * 1.1);
        assertThat(images(three)).isCloseTo(48 * 32 / three.iterationSeconds(), within(1e-6));
        assertThat(three.widths()).extracting(ClusterPlan.Width::k).containsExactly(24, 48);
    }

    @Test
    void shouldKeepOnDisksWhatTheExchangeLeavesThere() {
        double table = 1281167 * 110 * 1024.0;
        Map<String, String> settings = onHosts(2);
        ClusterPlan before = plan(settings);
        assertThat(before.diskBytesPerHost()).isEqualTo(table / 2);

        settings.put("exchange.ahead", "true");
        ClusterPlan ahead = plan(settings);
        assertThat(ahead.diskBytesPerHost()).isEqualTo(table);
        double exchange = table / 2 / 500e6;
        assertThat(before.epochSeconds() - ahead.epochSeconds()).isCloseTo(exchange, within(1e-6));
        assertThat(before.minutes() - ahead.minutes()).isCloseTo(89 * exchange / 60, within(1e-6));
    }

    @Test
    void shouldPackTheTableOnceWhereNothingTravels() {
        double table = 1281167 * 110 * 1024.0;
        Map<String, String> settings = onHosts(2);
        ClusterPlan images = plan(settings);
        settings.put("exchange.mode", "references");
        ClusterPlan references = plan(settings);
        assertThat(references.diskBytesPerHost()).isEqualTo(table);
        double exchange = table / 2 / 500e6;
        assertThat(images.epochSeconds() - references.epochSeconds()).isCloseTo(exchange, within(1e-6));
        assertThat(images.minutes() - references.minutes()).isCloseTo((90 * exchange - table / 1e9) / 60, within(1e-6));
    }

    @Test
    void shouldDrawAPageThatSaysWhatWasPlannedFor() {
        PlanFile file = PlanFile.load(PAPER, onHosts(2));
        String page = ClusterPlan.of(file.recipe(), file.cluster().orElseThrow(), 1000)
                .page("cluster.conf --set a.b=c", file.cluster().orElseThrow())
                .render();
        assertThat(page)
                .contains("cluster.conf --set a.b=c", "link 50.00 Gbit/s, of which 85 %", "disk 1.00 GB/s")
                .contains("disk of a host, for images", "72.2 GB", "decoding, of the cores");
    }

    @Test
    void shouldBeHeldUpByDecoding() {
        ClusterPlan plan = plan(Map.of("calibration.decodePerCore", "10"));
        assertThat(plan.iterationSeconds()).isCloseTo(8 * 32 / (28 * 10.0), within(1e-9));
        assertThat(plan.decodeShare()).isCloseTo(1, within(1e-9));
    }

    @Test
    void shouldAddDecodingWhereProcessorsCompute() {
        Map<String, String> processors = new HashMap<>(Map.of(
                "cluster.hosts", "1",
                "cluster.devicesPerHost", "1",
                "training.workers", "1",
                "calibration.engine.onDevice", "true",
                "calibration.decodePerCore", "1e9"));
        double computing = plan(processors).iterationSeconds();
        processors.put("calibration.decodePerCore", "100");
        assertThat(plan(processors).iterationSeconds()).isCloseTo(computing + 32 / (28 * 100.0), within(1e-6));
    }

    /** n images in the 0.1 s that a step takes by itself. */
    @Test
    void shouldSayHowManyCoresFeedADevice() {
        Map<String, String> step = Map.of(
                "calibration.forwardMillis", "40",
                "calibration.backwardMillis", "55",
                "calibration.updateMillis", "5",
                "calibration.decodePerCore", "100");
        ClusterPlan plan = plan(step);
        assertThat(plan.coresPerDevice()).isCloseTo(32 / 0.1 / 100, withinPercentage(1));
        assertThat(plan.table()).containsPattern("cores that feed a device +3\\.2");
    }

    @Test
    void shouldKnowTheExpectedMaximumOfNormalNumbers() {
        assertThat(IterationForecast.expectedMaximum(1)).isCloseTo(0, within(1e-3));
        // 1/√π and 3/(2√π): Teichroew, "Tables of expected values of order statistics", 1956.
        assertThat(IterationForecast.expectedMaximum(2)).isCloseTo(1 / Math.sqrt(Math.PI), within(1e-3));
        assertThat(IterationForecast.expectedMaximum(3)).isCloseTo(1.5 / Math.sqrt(Math.PI), within(1e-3));
    }

    @Test
    void shouldSpreadBackwardOverTheLayers() {
        Network network = ResNet.of("resnet50", 1000, 224, true);
        List<Double> shares = BackwardTimeline.of(network, 32, 10.6e12, 732e9).shares();
        assertThat(shares).hasSize(161).isSorted();
        assertThat(shares.get(shares.size() - 1)).isEqualTo(1);
        int layer4 = 0;
        while (!network.layout().parameters().get(layer4).name().startsWith("layer3")) {
            layer4++;
        }
        // The last stage has 15 of 25.6 million weights and a fifth of the arithmetic.
        assertThat(shares.get(layer4 - 1)).isBetween(0.1, 0.25);
    }

    /** A worker a device. */
    private static Map<String, String> onHosts(int hosts) {
        return new HashMap<>(Map.of("cluster.hosts", "" + hosts, "training.workers", "" + 8 * hosts));
    }

    private static double images(ClusterPlan plan) {
        return plan.widths().get(plan.widths().size() - 1).imagesPerSecond();
    }

    private static ClusterPlan plan(Map<String, String> settings) {
        PlanFile file = PlanFile.load(PAPER, new HashMap<>(settings));
        return ClusterPlan.of(file.recipe(), file.cluster().orElseThrow(), 1000);
    }
}
