package org.sandglass.job.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sandglass.job.config.PlanFile;
import org.sandglass.job.failure.JobFailure;
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
    void shouldExposeTheWholeSumWithoutOverlap() {
        ClusterPlan plan = plan(Map.of("collective.overlap", "false"));
        double sum = 2 * 31.0 / 32 * 102.2e6 / (0.85 * 50e9 / 8);
        assertThat(plan.exposedSeconds()).isBetween(sum, sum + 0.035);
    }

    @Test
    void shouldFindNoLinkWhereTheEngineIsTooSlow() {
        ClusterPlan plan = plan(Map.of("calibration.engine.GBps", "2"));
        assertThat(plan.requiredGbps()).isNull();
        assertThat(plan.table()).contains("none, for something else is slower");
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

    @Test
    void shouldNameWhatIsMissingOrUnknown() {
        assertThatThrownBy(() -> PlanFile.load(null, Map.of("cluster.hosts", "3")))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("a plan for a cluster needs cluster.devicesPerHost, ");
        assertThatThrownBy(() -> PlanFile.load(PAPER, Map.of("cluster.link.gbit", "3")))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("unknown key cluster.link.gbit; the nearest is cluster.link.gbps");
        assertThat(PlanFile.load("../conf/quickstart.conf", Map.of()).cluster()).isEmpty();
    }

    private static ClusterPlan plan(Map<String, String> settings) {
        PlanFile file = PlanFile.load(PAPER, new HashMap<>(settings));
        return ClusterPlan.of(file.recipe(), file.cluster().orElseThrow(), 1000);
    }
}
