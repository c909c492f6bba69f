package org.sandglass.ops.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.ops.device.reference.ReferenceDevice;
import org.sandglass.ops.optim.Sgd;
import org.sandglass.ops.tensor.DataType;
import org.sandglass.ops.tensor.Shape;

/**
 * What every device must do, checked against the oracle. A device's own test extends this class and opens the device.
 *
 * <p>Tensors are compared in norm, one by one; inputs are drawn clear of the kinks of ReLU and max pooling.
 */
public abstract class DeviceContractTest {

    private static final long SEED = 20_170_608;
    private static final Map<List<Object>, Tensors> EXPECTED = new ConcurrentHashMap<>();
    private static volatile List<Double> expectedLosses = List.of();

    private final ReferenceDevice reference = ReferenceDevice.open();
    private Device device = reference;

    /** Opens the device to test; it is closed after each test. */
    protected abstract Device open();

    /** What the device is to compute in; the oracle computes in double precision always. */
    protected DataType precision() {
        return DataType.F32;
    }

    /**
     * Largest relative error in norm of any tensor of a graph.
     *
     * @param kinks whether the graph has operations whose gradient jumps
     */
    protected double tolerance(int operations, boolean kinks) {
        return 1e-4;
    }

    /** Largest relative error of a loss after some iterations. */
    protected double lossTolerance() {
        return 1e-3;
    }

    /** Largest relative difference of what two widths of a run come to. */
    protected double widthTolerance() {
        return 1e-5;
    }

    private double tolerance(ContractCase contract) {
        List<Operation> operations = contract.graph().operations();
        boolean kinks = operations.stream()
                .anyMatch(operation -> operation instanceof Operation.Relu || operation instanceof Operation.MaxPool);
        return tolerance(operations.size(), kinks);
    }

    private DataType precisionOf(Device either) {
        return either == device ? precision() : DataType.F32;
    }

    @BeforeEach
    void openDevice() {
        device = open();
    }

    @AfterEach
    void closeDevice() {
        device.close();
    }

    static Stream<ContractCase> cases() {
        return ContractCase.all().stream();
    }

    static Stream<ContractCase> logitCases() {
        return cases().filter(ContractCase::endsInLogits);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldComputeOutputsGradientsAndBatchStatistics(ContractCase contract) {
        TrialData data = TrialData.draw(contract, SEED);

        Trial.train(device, data, precision())
                .assertCloseTo(expected("train", data, Trial::train), tolerance(contract));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldEvaluateWithRunningStatisticsAndLeaveGradientsAlone(ContractCase contract) {
        TrialData data = TrialData.draw(contract, SEED);

        Trial.evaluate(device, data, precision())
                .assertCloseTo(expected("evaluate", data, Trial::evaluate), tolerance(contract));
    }

    /** One way of running a case. */
    private interface Run {
        Tensors on(Device device, TrialData data, DataType precision);
    }

    /** What the oracle says, which is the same for all devices. */
    private Tensors expected(String what, TrialData data, Run run) {
        return EXPECTED.computeIfAbsent(List.of(what, data.contract()), key -> run.on(reference, data, DataType.F32));
    }

    /** The same for what takes more than one trial's data. */
    private Tensors expected(String what, Supplier<Tensors> oracle) {
        return EXPECTED.computeIfAbsent(List.of(what), key -> oracle.get());
    }

    @ParameterizedTest
    @MethodSource("logitCases")
    void shouldRepeatItselfBitForBit(ContractCase contract) {
        TrialData data = TrialData.draw(contract, SEED);

        assertThat(Trial.train(device, data, precision())).isEqualTo(Trial.train(device, data, precision()));
    }

    @Test
    void shouldAddTheGradientsAndStatisticsOfTwoMicrobatches() {
        ContractCase contract = network();
        TrialData first = TrialData.draw(contract, SEED);
        TrialData second = TrialData.draw(contract, SEED + 1);

        Tensors actual = accumulated(device, first, second);

        actual.assertCloseTo(
                expected("two microbatches", () -> accumulated(reference, first, second)), tolerance(contract));
    }

    /** Gradients of two microbatches added to a vector that is not zero. */
    private Tensors accumulated(Device device, TrialData first, TrialData second) {
        Tensors results = new Tensors();
        try (NetworkBuffers buffers = first.upload(device);
                Executable executable = device.compile(
                        first.contract().graph(),
                        CompileOptions.training(first.contract().batchSize(), precisionOf(device)),
                        buffers)) {
            FloatBuffer before = FloatBuffer.allocate((int) buffers.gradients().elements());
            for (int i = 0; i < before.capacity(); i++) {
                before.put(i, 0.25f);
            }
            buffers.gradients().upload(0, before);
            for (TrialData data : List.of(first, second)) {
                executable.load(data.images(), data.labelArray());
                executable.forward();
                executable.backward(Trial.lossScale(data), GradientListener.NONE);
            }
            results.putGradients(first.layout(), Trial.download(buffers.gradients()));
        }
        return results;
    }

    @Test
    void shouldTellOfEachGradientInLayoutOrderOnceItIsComplete() {
        TrialData data = TrialData.draw(network(), SEED);
        FlatLayout layout = data.layout();
        List<Parameter> told = new ArrayList<>();
        List<FloatBuffer> seen = new ArrayList<>();
        try (NetworkBuffers buffers = data.upload(device);
                Executable executable = device.compile(
                        data.contract().graph(),
                        CompileOptions.training(data.contract().batchSize(), precisionOf(device)),
                        buffers)) {
            executable.load(data.images(), data.labelArray());
            executable.forward();
            executable.backward(1, parameter -> {
                told.add(parameter);
                device.record().await();
                seen.add(gradient(buffers, parameter));
            });

            assertThat(told).isEqualTo(layout.parameters());
            for (int i = 0; i < told.size(); i++) {
                assertThat(seen.get(i)).as(told.get(i).name()).isEqualTo(gradient(buffers, told.get(i)));
            }
        }
    }

    private static FloatBuffer gradient(NetworkBuffers buffers, Parameter parameter) {
        FloatBuffer gradient = FloatBuffer.allocate((int) parameter.shape().elements());
        buffers.gradients().download(buffers.layout().gradientOffset(parameter), gradient);
        return gradient;
    }

    @Test
    void shouldComputeTheSameWithoutTheInputsGradient() {
        TrialData data = TrialData.draw(network(), SEED);
        Tensors without = new Tensors();
        try (NetworkBuffers buffers = data.upload(device);
                Executable executable = device.compile(
                        data.contract().graph(),
                        CompileOptions.training(data.contract().batchSize(), precisionOf(device)),
                        buffers)) {
            executable.load(direct(data.images()), data.labelArray());
            executable.forward();
            executable.backward(Trial.lossScale(data), GradientListener.NONE);
            without.putGradients(data.layout(), Trial.download(buffers.gradients()));
        }

        Tensors with = new Tensors(
                new LinkedHashMap<>(expected("train", data, Trial::train).values()));
        with.values().keySet().retainAll(without.values().keySet());
        without.assertCloseTo(with, tolerance(data.contract()));
    }

    private static FloatBuffer direct(FloatBuffer source) {
        return java.nio.ByteBuffer.allocateDirect(source.remaining() * Float.BYTES)
                .order(java.nio.ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(source.duplicate())
                .flip();
    }

    /** The same input, bit for bit, and so the same of all that comes of it. */
    @Test
    void shouldTakeImagesAsLevels() {
        TrialData data = TrialData.draw(network(), SEED);
        ContractCase contract = data.contract();
        LevelImages levels =
                levels(contract.batchSize(), contract.graph().input().shape());
        try (NetworkBuffers buffers = data.upload(device);
                Executable executable = device.compile(
                        contract.graph(),
                        CompileOptions.training(contract.batchSize(), precisionOf(device)),
                        buffers)) {
            FloatBuffer expected =
                    trained(executable, buffers, () -> executable.load(levels.toNumbers(), data.labelArray()));
            for (int i = 0; i < 3; i++) {
                assertThat(trained(executable, buffers, () -> executable.load(levels, data.labelArray())))
                        .isEqualTo(expected);
            }
            FloatBuffer other = trained(executable, buffers, () -> executable.load(data.images(), data.labelArray()));
            assertThat(other).isNotEqualTo(expected);
        }
    }

    private static FloatBuffer trained(Executable executable, NetworkBuffers buffers, Runnable loading) {
        buffers.gradients().clear();
        loading.run();
        executable.forward();
        executable.backward(1, GradientListener.NONE);
        return Trial.download(buffers.gradients());
    }

    /** More memory than is needed, all levels, and every second image mirrored. */
    private static LevelImages levels(int batch, Shape shape) {
        int channels = shape.dimension(0);
        java.util.Random random = new java.util.Random(SEED);
        byte[] levels = new byte[(int) (batch * shape.elements()) + 3];
        random.nextBytes(levels);
        float[] numbers = new float[channels * LevelImages.LEVELS];
        for (int i = 0; i < numbers.length; i++) {
            int channel = i / LevelImages.LEVELS;
            numbers[i] = (float) ((i % LevelImages.LEVELS / 255.0 - 0.4) / (0.2 + 0.01 * channel));
        }
        float[] shifts = new float[batch * channels];
        boolean[] mirrored = new boolean[batch];
        for (int i = 0; i < shifts.length; i++) {
            shifts[i] = (float) (0.1 * random.nextGaussian());
            mirrored[i / channels] = i / channels % 2 == 1;
        }
        return new LevelImages(batch, shape, levels, numbers, shifts, mirrored);
    }

    @Test
    void shouldLetExecutablesOfOneNetworkTakeTurns() {
        TrialData small = TrialData.draw(ContractCase.network("cifar-resnet8", 10, 16, 2, false), SEED);
        TrialData large = TrialData.draw(ContractCase.network("cifar-resnet8", 10, 16, 5, false), SEED + 1);

        Tensors actual = inTurns(device, small, large);

        actual.assertCloseTo(expected("turns", () -> inTurns(reference, small, large)), tolerance(small.contract()));
    }

    private Tensors inTurns(Device device, TrialData small, TrialData large) {
        Graph graph = small.contract().graph();
        Tensors results = new Tensors();
        try (NetworkBuffers buffers = small.upload(device);
                Executable smallTraining =
                        device.compile(graph, CompileOptions.training(2, precisionOf(device)), buffers);
                Executable largeTraining =
                        device.compile(graph, CompileOptions.training(5, precisionOf(device)), buffers);
                Executable evaluation =
                        device.compile(graph, CompileOptions.evaluation(5, precisionOf(device)), buffers)) {
            for (int turn = 0; turn < 2; turn++) {
                for (Executable training : List.of(smallTraining, largeTraining)) {
                    TrialData data = training == smallTraining ? small : large;
                    training.load(data.images(), data.labelArray());
                    training.forward();
                    training.backward(Trial.lossScale(data), GradientListener.NONE);
                }
                evaluation.load(large.images(), large.labelArray());
                evaluation.forward();
                results.put("evaluation " + turn, Trial.output(evaluation, large));
            }
            results.putGradients(small.layout(), Trial.download(buffers.gradients()));
        }
        return results;
    }

    @Test
    void shouldTrainAsTheReferenceDoes() {
        TrialData data = TrialData.draw(network(), SEED);

        List<Double> actual = losses(device, data);

        if (expectedLosses.isEmpty()) {
            expectedLosses = losses(reference, data);
        }
        List<Double> expected = expectedLosses;
        assertThat(expected.get(9)).as("falling loss %s", expected).isLessThan(0.5 * expected.get(0));
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i))
                    .as("loss of iteration %s", i)
                    .isCloseTo(
                            expected.get(i),
                            org.assertj.core.data.Offset.offset(lossTolerance() * Math.max(expected.get(i), 0.1)));
        }
    }

    /** The losses of ten iterations on one microbatch, which ask that each step's weights reach the next forward. */
    private List<Double> losses(Device device, TrialData data) {
        Sgd sgd = new Sgd(SgdUpdate.Form.VELOCITY_SCALED, 0.9, true, 1e-4, true);
        List<Double> losses = new ArrayList<>();
        try (NetworkBuffers buffers = data.upload(device);
                DeviceBuffer momentum = device.allocate(data.layout().weightsLength());
                Executable executable = device.compile(
                        data.contract().graph(),
                        CompileOptions.training(data.contract().batchSize(), precisionOf(device)),
                        buffers)) {
            for (int iteration = 0; iteration < 10; iteration++) {
                buffers.gradients().clear();
                executable.load(data.images(), data.labelArray());
                executable.forward();
                losses.add(executable.result().lossSum() / data.contract().batchSize());
                executable.backward(Trial.lossScale(data), GradientListener.NONE);
                sgd.step(device, buffers, momentum, 0.02, 0.02);
            }
        }
        return losses;
    }

    /** The network's share in the law that the width of a run changes nothing. */
    @Test
    void shouldTrainAlikeHoweverFewTasksRunTheWorkers() {
        ContractCase small = ContractCase.network("cifar-resnet8", 10, 8, 3, false);
        List<TrialData> workers = LongStream.range(0, 4)
                .mapToObj(i -> TrialData.draw(small, SEED + i))
                .toList();

        Tensors apart = Tasks.train(device, workers, workers.size(), precision());
        for (int tasks : new int[] {1, 2}) {
            Tasks.train(device, workers, tasks, precision()).assertCloseTo(apart, widthTolerance());
        }
        Tensors less = Tasks.train(device, workers.subList(0, 2), 1, precision());
        assertThatThrownBy(() -> less.assertCloseTo(apart, Math.max(1e-2, 2 * widthTolerance())))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void shouldCountTiesForTheLowerClass() {
        int[] labels = {0, 1, 4, 5, 9, -1};

        BatchResult result = resultOf(new float[10], labels);

        assertThat(result.top1()).isEqualTo(1);
        assertThat(result.top5()).isEqualTo(3);
        assertThat(result.lossSum()).isCloseTo(5 * Math.log(10), org.assertj.core.data.Offset.offset(1e-4));
    }

    @Test
    void shouldCountEveryLabelAmongFewerThanFiveClasses() {
        BatchResult result = resultOf(new float[] {0, 3, 1}, new int[] {0, 1, 2, -1});

        assertThat(result.top1()).isEqualTo(1);
        assertThat(result.top5()).isEqualTo(3);
    }

    @Test
    void shouldSurviveLogitsWhoseExponentialsOverflow() {
        BatchResult result = resultOf(new float[] {1000, -1000, 0, 990, 5}, new int[] {0, 1});

        assertThat(result.lossSum()).isCloseTo(2000, org.assertj.core.data.Offset.offset(1e-2));
        assertThat(result.top1()).isEqualTo(1);
        assertThat(result.top5()).isEqualTo(2);
    }

    /** Of a linear layer without weights, whose logits are its biases. */
    private BatchResult resultOf(float[] logits, int[] labels) {
        ContractCase contract =
                ContractCase.of("biases", labels.length, Shape.of(4), (g, x) -> g.linear("fc", x, logits.length));
        FlatLayout layout = new FlatLayout(contract.graph());
        try (NetworkBuffers buffers = NetworkBuffers.allocate(device, layout);
                Executable executable = device.compile(
                        contract.graph(), CompileOptions.evaluation(labels.length, precision()), buffers)) {
            Parameter bias = layout.parameters().get(0);
            buffers.weights().upload(layout.weightOffset(bias), FloatBuffer.wrap(logits));
            executable.load(FloatBuffer.allocate(4 * labels.length), labels);
            executable.forward();
            return executable.result();
        }
    }

    @Test
    void shouldLearnNothingFromSamplesThatCountForNothing() {
        ContractCase contract = ContractCase.network("cifar-resnet8", 10, 8, 2, false);
        TrialData data = TrialData.draw(contract, SEED);
        try (NetworkBuffers buffers = data.upload(device);
                Executable executable =
                        device.compile(contract.graph(), CompileOptions.training(2, precision()), buffers)) {
            executable.load(data.images(), new int[] {-1, -1});
            executable.forward();
            executable.backward(0.5, GradientListener.NONE);

            assertThat(executable.result()).isEqualTo(new BatchResult(0, 0, 0));
            for (Parameter parameter : data.layout().parameters()) {
                FloatBuffer gradient = gradient(buffers, parameter);
                for (int i = 0; i < gradient.capacity(); i++) {
                    assertThat(gradient.get(i)).as(parameter.name()).isZero();
                }
            }
        }
    }

    static Stream<SgdUpdate> updates() {
        return Stream.of(SgdUpdate.Form.values()).flatMap(form -> Stream.of(0.0, 1e-2)
                .flatMap(decay -> Stream.of(1.0, 0.1).flatMap(correction -> Stream.of(true, false)
                        .map(nesterov -> new SgdUpdate(form, 0.3, 0.9, correction, decay, nesterov)))));
    }

    @ParameterizedTest
    @MethodSource("updates")
    void shouldUpdateARangeAndNothingElse(SgdUpdate update) {
        TrialData data = TrialData.draw(network(), SEED);

        Tensors actual = updated(device, data, update);

        actual.assertCloseTo(updated(reference, data, update), 1e-6);
    }

    /** Three steps over a range, of which the last element is no multiple of anything. */
    private static Tensors updated(Device device, TrialData data, SgdUpdate update) {
        int offset = 32;
        int length = 5001;
        FlatLayout layout = data.layout();
        Tensors results = new Tensors();
        try (NetworkBuffers buffers = data.upload(device);
                DeviceBuffer momentum = device.allocate(layout.weightsLength())) {
            int gradients = (int) (FlatLayout.COUNTERS + layout.statisticsLength());
            for (int step = 0; step < 3; step++) {
                buffers.gradients().upload(gradients, data.images().slice(step, 900));
                buffers.gradients().upload(gradients + 2000, data.images().slice(100 * step, 1200));
                buffers.gradients().upload(gradients + 4900, data.images().slice(50 * step, 600));
                device.update(update, buffers, momentum, offset, length);
            }
            FloatBuffer weights = Trial.download(buffers.weights());
            FloatBuffer velocities = Trial.download(momentum);
            results.put("weights", weights.slice(offset, length));
            results.put("momentum", velocities.slice(offset, length));
            assertThat(weights.slice(0, offset)).isEqualTo(data.weights().slice(0, offset));
            int end = offset + length;
            assertThat(weights.slice(end, weights.capacity() - end))
                    .isEqualTo(data.weights().slice(end, weights.capacity() - end));
            assertThat(velocities.slice(end, 100)).isEqualTo(FloatBuffer.allocate(100));
        }
        return results;
    }

    @Test
    void shouldCopyBetweenHostAndDeviceMemory() {
        FloatBuffer source =
                FloatBuffer.wrap(new float[] {9, 1, 2, 3, 9}).position(1).limit(4);
        FloatBuffer target = FloatBuffer.allocate(6).position(1);
        try (DeviceBuffer buffer = device.allocate(7)) {
            buffer.upload(2, source);
            buffer.download(1, target);

            assertThat(buffer.elements()).isEqualTo(7);
            assertThat(target.array()).containsExactly(0, 0, 1, 2, 3, 0);
            assertThat(source.position()).isEqualTo(1);
            assertThat(target.position()).isEqualTo(1);

            buffer.clear();
            assertThat(Trial.download(buffer)).isEqualTo(FloatBuffer.allocate(7));
        }
    }

    @Test
    void shouldTellWhetherNumbersAreFinite() {
        int length = 200_003;
        FloatBuffer numbers = FloatBuffer.allocate(length);
        numbers.put(0, Float.MAX_VALUE).put(1, -Float.MIN_VALUE);
        try (DeviceBuffer buffer = device.allocate(length)) {
            buffer.upload(0, numbers);
            assertThat(device.isFinite(buffer, 0, length)).isTrue();
            for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                for (int at : new int[] {7, 70_000, length - 1}) {
                    buffer.upload(0, numbers);
                    buffer.upload(at, FloatBuffer.wrap(new float[] {value}));
                    assertThat(device.isFinite(buffer, 0, length)).isFalse();
                    assertThat(device.isFinite(buffer, at, 1)).isFalse();
                    assertThat(device.isFinite(buffer, 0, at)).isTrue();
                    assertThat(device.isFinite(buffer, at + 1, length - at - 1)).isTrue();
                }
            }
        }
    }

    @Test
    void shouldShowItsMemoryWhereItIsTheHosts() {
        try (DeviceBuffer buffer = device.allocate(5)) {
            assertThat(buffer.hostView().isPresent()).isEqualTo(device.kind() != DeviceKind.CUDA);
            buffer.hostView().ifPresent(view -> {
                assertThat(view.isDirect()).isTrue();
                assertThat(view.order()).isEqualTo(java.nio.ByteOrder.nativeOrder());
                assertThat(view.remaining()).isEqualTo(5);
                view.put(3, 7);
                assertThat(Trial.download(buffer).get(3)).isEqualTo(7);
            });
        }
    }

    @Test
    void shouldEndEveryWait() throws InterruptedException {
        Device.Event event = device.record();
        Thread other = new Thread(event::await);
        other.start();
        other.join(10_000);

        assertThat(other.isAlive()).isFalse();
        event.await();
        device.synchronize();
    }

    @Test
    void shouldDescribeItselfInOneLine() {
        assertThat(device.description()).isNotBlank().doesNotContain("\n");
        assertThat(device.kind().name().toLowerCase(Locale.ROOT)).isNotBlank();
    }

    private static ContractCase network() {
        return ContractCase.network("cifar-resnet8", 10, 16, 4, false);
    }
}
