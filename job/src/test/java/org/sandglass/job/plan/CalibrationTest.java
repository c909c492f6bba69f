package org.sandglass.job.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.job.config.Recipe;
import org.sandglass.ops.collective.Algorithm;
import org.sandglass.ops.collective.NetworkForecast;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

/** A calibration by the sums that a forecast predicts is one by which the forecast predicts them. */
class CalibrationTest {

    private static final int SMALL = Calibration.SMALL_BYTES / Float.BYTES;

    private final Network network = ResNet.of("cifar-resnet20", 10, 32, true);
    private final int large = (int) network.layout().gradientLength();

    @ParameterizedTest
    @CsvSource({
        "2, HALVING_DOUBLING, 5e-6, 2e9",
        "2, HALVING_DOUBLING, 100e-6, 0.5e9",
        "4, HALVING_DOUBLING, 5e-6, 2e9",
        "4, HALVING_DOUBLING, 100e-6, 5e9",
        "3, HALVING_DOUBLING, 20e-6, 1e9",
        "4, RING, 20e-6, 1e9"
    })
    void shouldPredictTheSumsThatItCameFrom(int ranks, Algorithm algorithm, double frame, double engine) {
        double small = seconds(algorithm, ranks, SMALL, frame, engine);
        double gradients = seconds(algorithm, ranks, large, frame, engine);

        Calibration found = calibration(algorithm, ranks, small, gradients);

        assertThat(seconds(algorithm, ranks, SMALL, found.frame(), found.engineBytesPerSecond()))
                .isCloseTo(small, withinPercentage(2));
        assertThat(seconds(algorithm, ranks, large, found.frame(), found.engineBytesPerSecond()))
                .isCloseTo(gradients, withinPercentage(2));
        assertThat(found.frame()).isCloseTo(frame, withinPercentage(10));
        assertThat(found.engineBytesPerSecond()).isCloseTo(engine, withinPercentage(10));
    }

    @Test
    void shouldMeetTheLargeSumWhereTheSmallOneContradictsIt() {
        Calibration found = calibration(Algorithm.HALVING_DOUBLING, 2, 2e-3, 1e-3);
        assertThat(found.engineBytesPerSecond()).isFinite();
        assertThat(seconds(Algorithm.HALVING_DOUBLING, 2, large, found.frame(), found.engineBytesPerSecond()))
                .isCloseTo(1e-3, withinPercentage(1));
    }

    private Calibration calibration(Algorithm algorithm, int ranks, double small, double gradients) {
        String name = algorithm == Algorithm.RING ? "ring" : "halving-doubling";
        Recipe recipe = Recipe.parse("model.name = cifar-resnet20, collective.algorithm = " + name, "the test");
        Calibration.Task task = new Calibration.Task(
                "host", true, List.of(new Calibration.Step(0.1, 0.2, 0.01)), gradients, small, 100);
        return Calibration.of(recipe, network, Collections.nCopies(ranks, task), 1e8, 1);
    }

    /** Without a link of its own, as sums within a host. */
    private static double seconds(Algorithm algorithm, int ranks, int elements, double frame, double engine) {
        return new NetworkForecast(Double.POSITIVE_INFINITY, 0, engine, frame, IterationForecast.FRAME_BYTES)
                .seconds(algorithm, ranks, elements);
    }
}
