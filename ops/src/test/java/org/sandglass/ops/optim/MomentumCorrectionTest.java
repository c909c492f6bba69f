package org.sandglass.ops.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.optim.LearningRate.Warmup;
import org.sandglass.ops.random.CounterRandom;

/**
 * The momentum correction pitfall of Goyal et al., section 3: a velocity that holds the learning rate must follow its
 * changes. With correction both forms of momentum are one; without it they part at every change.
 */
class MomentumCorrectionTest {

    private static final Workers WORKERS = Workers.of(true, 4, 4);
    private static final FlatLayout LAYOUT = WORKERS.network().layout();
    private static final int ITERATIONS = 40;

    /** Learning rates of {@link #ITERATIONS} iterations. */
    private record Schedule(String name, List<Double> rates) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Schedule schedule(String name, LearningRate rate) {
        List<Double> rates = new ArrayList<>();
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            rates.add(rate.at(iteration, 10));
        }
        return new Schedule(name, rates);
    }

    private static List<Schedule> changing() {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, 5);
        List<Double> rates = Stream.generate(() -> Math.pow(10, random.nextDouble(-3, -1)))
                .limit(ITERATIONS)
                .toList();
        return List.of(
                schedule("gradual warmup", new LearningRate(0.01, 0.1, Warmup.GRADUAL, 2.5, 0.1, List.of())),
                schedule("constant warmup", new LearningRate(0.01, 0.1, Warmup.CONSTANT, 1, 0.1, List.of())),
                schedule("steps", new LearningRate(0.1, 0.1, Warmup.NONE, 0, 0.1, List.of(1.0, 2.5))),
                schedule("warmup and steps", new LearningRate(0.01, 0.1, Warmup.GRADUAL, 1, 0.1, List.of(2.0, 3.0))),
                new Schedule("anything", rates));
    }

    static Stream<Arguments> changingSchedules() {
        return changing().stream()
                .flatMap(schedule -> Stream.of(true, false).map(nesterov -> Arguments.of(schedule, nesterov)));
    }

    @ParameterizedTest
    @MethodSource("changingSchedules")
    void shouldMakeBothFormsOneUnderAnySchedule(Schedule schedule, boolean nesterov) {
        assertThat(distanceOfForms(schedule, nesterov, true)).isLessThan(1e-5);
    }

    @ParameterizedTest
    @MethodSource("changingSchedules")
    void shouldDifferWithoutCorrectionWhenTheRateChanges(Schedule schedule, boolean nesterov) {
        assertThat(distanceOfForms(schedule, nesterov, false)).isGreaterThan(0.05);
    }

    @Test
    void shouldNeedNoCorrectionWhileTheRateIsConstant() {
        Schedule constant = schedule("constant", new LearningRate(0.05, 0.05, Warmup.NONE, 0, 0.1, List.of()));

        assertThat(distanceOfForms(constant, true, false)).isLessThan(1e-5);
    }

    @Test
    void shouldNotCorrectTheFormThatNeedsNone() {
        Schedule steps = changing().get(2);

        assertThat(trained(SgdUpdate.Form.GRADIENT_SUM, steps, true, true))
                .usingElementComparator(java.util.Arrays::compare)
                .isEqualTo(trained(SgdUpdate.Form.GRADIENT_SUM, steps, true, false));
    }

    /** Largest distance of the weights at any iteration, relative to how far training moved them in the end. */
    private static double distanceOfForms(Schedule schedule, boolean nesterov, boolean correction) {
        List<double[]> expected = trained(SgdUpdate.Form.GRADIENT_SUM, schedule, nesterov, correction);
        List<double[]> actual = trained(SgdUpdate.Form.VELOCITY_SCALED, schedule, nesterov, correction);
        double largest = 0;
        for (int i = 0; i < ITERATIONS; i++) {
            largest = Math.max(largest, norm(Vectors.plus(actual.get(i), -1, expected.get(i))));
        }
        double[] start = Vectors.widened(WORKERS.initialWeights());
        return largest / norm(Vectors.plus(expected.get(ITERATIONS - 1), -1, start));
    }

    private static double norm(double[] vector) {
        return Math.sqrt(Vectors.dot(vector, vector));
    }

    /** Weights after each iteration on the gradients of a bowl, where rounding stays rounding. */
    private static List<double[]> trained(
            SgdUpdate.Form form, Schedule schedule, boolean nesterov, boolean correction) {
        Sgd sgd = new Sgd(form, 0.9, nesterov, 1e-2, correction);
        float[] weights = WORKERS.initialWeights();
        List<double[]> trajectory = new ArrayList<>();
        try (NetworkBuffers buffers = NetworkBuffers.allocate(Workers.DEVICE, LAYOUT);
                DeviceBuffer momentum = Workers.DEVICE.allocate(LAYOUT.weightsLength())) {
            buffers.weights().upload(0, FloatBuffer.wrap(weights));
            double previous = schedule.rates().get(0);
            for (double rate : schedule.rates()) {
                float[] gradient = new float[weights.length];
                for (int i = 0; i < weights.length; i++) {
                    gradient[i] = weights[i] - (float) Math.sin(i);
                }
                buffers.gradients().upload(FlatLayout.COUNTERS + LAYOUT.statisticsLength(), FloatBuffer.wrap(gradient));
                sgd.step(Workers.DEVICE, buffers, momentum, rate, previous);
                buffers.weights().download(0, FloatBuffer.wrap(weights));
                trajectory.add(Vectors.widened(weights));
                previous = rate;
            }
        }
        return trajectory;
    }
}
