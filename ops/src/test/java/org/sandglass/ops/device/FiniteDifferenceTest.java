package org.sandglass.ops.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.ops.device.reference.ReferenceDevice;
import org.sandglass.ops.device.reference.ReferenceExecutable;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.tensor.DataType;

/**
 * Checks the oracle's gradients against central differences of its own forward pass.
 *
 * <p>Each tensor is moved along random directions in which every element takes part, so that an error of any element
 * shows. Steps are about a unit in the last place of fp32, small enough to cross no kink, and their true size is known.
 */
class FiniteDifferenceTest {

    private static final long SEED = 1_706_02677;
    private static final float STEP = 0x1p-25f;
    private static final int DIRECTIONS = 3;

    /** Operations beyond which all parameters are moved at once, for time's sake. */
    private static final int WHOLE_NETWORK = 20;

    private static final double TOLERANCE = 1e-4;

    private final ReferenceDevice device = ReferenceDevice.open();

    static Stream<ContractCase> cases() {
        return ContractCase.all().stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldAgreeWithTheReferencesGradients(ContractCase contract) {
        TrialData data = TrialData.draw(contract, SEED);
        CompileOptions options =
                new CompileOptions(CompileOptions.Mode.TRAINING, contract.batchSize(), DataType.F32, true);
        try (NetworkBuffers buffers = data.upload(device);
                ReferenceExecutable executable = device.compile(contract.graph(), options, buffers)) {
            Objective objective = new Objective(data, buffers, executable);
            objective.backward();
            FloatBuffer gradients = Trial.download(buffers.gradients());
            FloatBuffer inputGradient = FloatBuffer.allocate(data.images().capacity());
            executable.inputGradient(inputGradient);

            if (contract.graph().operations().size() > WHOLE_NETWORK) {
                long first = FlatLayout.COUNTERS + data.layout().statisticsLength();
                FloatBuffer gradient =
                        gradients.slice((int) first, data.weights().capacity());
                check("all parameters", data.weights(), gradient, objective);
            } else {
                checkEachParameter(data, gradients, objective);
            }
            check("input", data.images(), inputGradient, objective);
        }
    }

    private static void checkEachParameter(TrialData data, FloatBuffer gradients, Objective objective) {
        for (Parameter parameter : data.layout().parameters()) {
            int offset = (int) data.layout().weightOffset(parameter);
            int length = (int) parameter.shape().elements();
            FloatBuffer gradient = gradients.slice((int) data.layout().gradientOffset(parameter), length);
            check(parameter.name(), data.weights().slice(offset, length), gradient, objective);
        }
    }

    /** @param point a view of the objective's own data */
    private static void check(String name, FloatBuffer point, FloatBuffer gradient, Objective objective) {
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, SEED, direction);
            int n = point.capacity();
            float[] origin = new float[n];
            point.get(0, origin);
            float[] up = new float[n];
            float[] down = new float[n];
            double expected = 0;
            double norm = 0;
            double distance = 0;
            for (int i = 0; i < n; i++) {
                float step = Math.max(STEP, Math.ulp(origin[i])) * (random.nextBoolean() ? 1 : -1);
                up[i] = origin[i] + step;
                down[i] = origin[i] - step;
                double moved = (double) up[i] - down[i];
                expected += moved * gradient.get(i);
                norm += (double) gradient.get(i) * gradient.get(i);
                distance = Math.max(distance, Math.abs(moved));
            }
            point.put(0, up);
            double difference = objective.value();
            point.put(0, down);
            difference -= objective.value();
            point.put(0, origin);
            assertThat(difference / distance)
                    .as(
                            "change along direction %s of %s per step of %s, gradient of norm %s",
                            direction, name, distance, Math.sqrt(norm))
                    .isCloseTo(expected / distance, Offset.offset(TOLERANCE * Math.sqrt(norm) + 1e-6));
        }
    }

    /** What backward differentiates: the scaled loss, or the output weighted by the given output gradient. */
    private record Objective(TrialData data, NetworkBuffers buffers, ReferenceExecutable executable) {

        double value() {
            forward();
            if (data.contract().endsInLogits()) {
                return Trial.lossScale(data) * executable.result().lossSum();
            }
            double[] output = executable.output();
            double sum = 0;
            for (int i = 0; i < output.length; i++) {
                sum += output[i] * data.outputGradient().get(i);
            }
            return sum;
        }

        void backward() {
            forward();
            if (data.contract().endsInLogits()) {
                executable.backward(Trial.lossScale(data), GradientListener.NONE);
            } else {
                executable.backwardFrom(data.outputGradient(), GradientListener.NONE);
            }
        }

        private void forward() {
            buffers.weights().upload(0, data.weights());
            executable.load(data.images(), data.labelArray());
            executable.forward();
        }
    }
}
