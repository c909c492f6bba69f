package org.sandglass.ops.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.reference.ReferenceDevice;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.NetworkState;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.random.CounterRandom.Purpose;
import org.sandglass.ops.tensor.NamedTensor;

class OnnxTest {

    private static final OrtEnvironment RUNTIME = OrtEnvironment.getEnvironment();

    @ParameterizedTest
    @CsvSource({"cifar-resnet8, 10, 32, 3", "resnet18, 7, 40, 2", "resnet50, 5, 33, 1"})
    void shouldComputeWhatTheReferenceComputes(String name, int classes, int imageSize, int batch) throws Exception {
        Trained trained = new Trained(ResNet.of(name, classes, imageSize, true));
        float[] images = trained.images(batch);

        float[][] logits;
        try (OrtSession session = RUNTIME.createSession(trained.onnx())) {
            logits = run(session, trained.network, images, batch);
        }

        float[] expected = trained.reference(images, batch);
        double scale = 0;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(scale).isGreaterThan(0.01);
        assertThat(logits).hasDimensions(batch, classes);
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) logits[i / classes][i % classes]).isCloseTo(expected[i], within(1e-4 * scale));
        }
    }

    @Test
    void shouldTakeAnyBatchSize() throws Exception {
        Trained trained = new Trained(ResNet.of("cifar-resnet8", 10, 16, true));
        float[] images = trained.images(5);
        float[] first = Arrays.copyOf(images, images.length / 5);

        try (OrtSession session = RUNTIME.createSession(trained.onnx())) {
            float[][] five = run(session, trained.network, images, 5);
            float[][] one = run(session, trained.network, first, 1);

            assertThat(five).hasDimensions(5, 10);
            assertThat(one[0]).containsExactly(five[0], within(1e-4f));
        }
    }

    @Test
    void shouldDescribeInputAndOutput() throws Exception {
        Trained trained = new Trained(ResNet.of("cifar-resnet8", 10, 24, true));

        try (OrtSession session = RUNTIME.createSession(trained.onnx())) {
            assertThat(session.getInputNames()).containsExactly("images");
            assertThat(session.getOutputNames()).containsExactly("logits");
            TensorInfo input = tensorInfo(session.getInputInfo().values());
            assertThat(input.getShape()).containsExactly(-1, 3, 24, 24);
            assertThat(input.getDimensionNames()[0]).isEqualTo("batch");
            TensorInfo output = tensorInfo(session.getOutputInfo().values());
            assertThat(output.getShape()).containsExactly(-1, 10);
        }
    }

    @Test
    void shouldRefuseAModelThatLacksATensor() {
        Trained trained = new Trained(ResNet.of("cifar-resnet8", 10, 16, true));
        trained.model.remove("layer2.0.bn1.running_var");

        assertThatIllegalArgumentException()
                .isThrownBy(trained::onnx)
                .withMessageContaining("layer2.0.bn1.running_var")
                .withMessageContaining("missing");
    }

    private static TensorInfo tensorInfo(Collection<NodeInfo> nodes) {
        return (TensorInfo) nodes.iterator().next().getInfo();
    }

    private static float[][] run(OrtSession session, Network network, float[] images, int batch) throws OrtException {
        List<Integer> sample = network.inputShape().dimensions();
        long[] shape = {batch, sample.get(0), sample.get(1), sample.get(2)};
        try (OnnxTensor input = OnnxTensor.createTensor(RUNTIME, FloatBuffer.wrap(images), shape);
                OrtSession.Result result = session.run(Map.of("images", input))) {
            return (float[][]) result.get(0).getValue();
        }
    }

    /** A network in which every weight and every statistic differs from what it would be if it were left out. */
    private static final class Trained {
        private final Network network;
        private final FloatBuffer weights;
        private final FloatBuffer statistics;
        private final Map<String, NamedTensor> model;
        private final CounterRandom random = CounterRandom.of(Purpose.SYNTHESIS, 7);

        Trained(Network network) {
            this.network = network;
            weights = FloatBuffer.allocate((int) network.layout().weightsLength());
            statistics = FloatBuffer.allocate((int) network.layout().statisticsLength());
            Map<String, NamedTensor> tensors = new HashMap<>(NetworkState.model(network, weights, statistics).stream()
                    .map(this::randomised)
                    .collect(Collectors.toMap(NamedTensor::name, Function.identity())));
            NetworkState.restoreModel(network, tensors, weights, statistics);
            model = tensors;
        }

        byte[] onnx() throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            Onnx.write(out, network, model);
            return out.toByteArray();
        }

        float[] images(int batch) {
            float[] images = new float[batch * (int) network.inputShape().elements()];
            for (int i = 0; i < images.length; i++) {
                images[i] = (float) random.nextGaussian();
            }
            return images;
        }

        float[] reference(float[] images, int batch) {
            try (Device device = ReferenceDevice.open();
                    NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout())) {
                buffers.weights().upload(0, weights);
                buffers.statistics().upload(0, statistics);
                try (Executable executable =
                        device.compile(network.graph(), CompileOptions.evaluation(batch), buffers)) {
                    executable.load(FloatBuffer.wrap(images), new int[batch]);
                    executable.forward();
                    float[] logits = new float[batch * network.classes()];
                    executable.output(FloatBuffer.wrap(logits));
                    return logits;
                }
            }
        }

        private NamedTensor randomised(NamedTensor tensor) {
            float[] values = new float[(int) tensor.shape().elements()];
            double deviation = Math.sqrt(2.0 * tensor.shape().dimension(0) / values.length);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float)
                        (tensor.shape().rank() == 1 ? random.nextDouble(0.5, 1.5) : deviation * random.nextGaussian());
            }
            return new NamedTensor(tensor.name(), tensor.shape(), FloatBuffer.wrap(values));
        }
    }
}
