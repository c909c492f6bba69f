package org.sandglass.ops.parity;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.sandglass.ops.device.BatchStatistics;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.NetworkState;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.random.CounterRandom.Purpose;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

/**
 * Makes the weights and the samples of a comparison. No value is a neutral element: a scale, a shift or a statistic that
 * is left out, or a sample that is taken for another, changes the result.
 */
public final class ParityInputs {

    private static final long SEED = 1;
    private static final int WAVES = 4;

    private ParityInputs() {}

    /**
     * Takes model, classes, image size, samples and directory, and writes {@code initial.safetensors} and {@code
     * samples.safetensors} there.
     */
    public static void main(String[] args) throws IOException {
        Network network = ResNet.of(args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]), true);
        Path directory = Path.of(args[4]);
        ParityFiles.write(directory.resolve("initial.safetensors"), model(network));
        ParityFiles.write(directory.resolve("samples.safetensors"), samples(network, Integer.parseInt(args[3])));
    }

    private static List<NamedTensor> model(Network network) {
        FlatLayout layout = network.layout();
        FloatBuffer weights = FloatBuffer.allocate((int) layout.weightsLength());
        FloatBuffer statistics = FloatBuffer.allocate((int) layout.statisticsLength());
        Initialization.initialize(network, SEED, weights, statistics);
        CounterRandom random = CounterRandom.of(Purpose.SYNTHESIS, SEED, 1);
        for (Parameter parameter : layout.parameters()) {
            int offset = (int) layout.weightOffset(parameter);
            int elements = (int) parameter.shape().elements();
            switch (parameter.role()) {
                case BATCH_NORM_SCALE -> {
                    boolean last = network.zeroScales().contains(parameter);
                    fill(weights, offset, elements, random, last ? 0.1 : 0.5, last ? 0.4 : 1.5);
                }
                case BATCH_NORM_SHIFT, LINEAR_BIAS -> fill(weights, offset, elements, random, -0.2, 0.2);
                case CONVOLUTION_WEIGHT, LINEAR_WEIGHT -> {}
            }
        }
        for (BatchStatistics norm : layout.statistics()) {
            fill(statistics, (int) layout.meanOffset(norm), norm.channels(), random, -0.5, 0.5);
            fill(statistics, (int) layout.varianceOffset(norm), norm.channels(), random, 0.5, 1.5);
        }
        return NetworkState.model(network, weights, statistics);
    }

    private static void fill(
            FloatBuffer target, int offset, int elements, CounterRandom random, double low, double high) {
        for (int i = offset; i < offset + elements; i++) {
            target.put(i, (float) random.nextDouble(low, high));
        }
    }

    /** Labels are written as fp32, like everything else. */
    private static List<NamedTensor> samples(Network network, int count) {
        Shape image = network.inputShape();
        int elements = (int) image.elements();
        float[] images = new float[count * elements];
        float[] labels = new float[count];
        for (int sample = 0; sample < count; sample++) {
            CounterRandom random = CounterRandom.of(Purpose.SYNTHESIS, SEED, 2, sample);
            labels[sample] = random.nextInt(network.classes());
            paint(image, random, FloatBuffer.wrap(images, sample * elements, elements));
        }
        Shape shape = Shape.of(count, image.dimension(0), image.dimension(1), image.dimension(2));
        return List.of(
                new NamedTensor("images", shape, FloatBuffer.wrap(images)),
                new NamedTensor("labels", Shape.of(count), FloatBuffer.wrap(labels)));
    }

    /** Waves of few periods and some noise, as photographs have, of a colour and a contrast of its own. */
    private static void paint(Shape image, CounterRandom random, FloatBuffer target) {
        int height = image.dimension(1);
        int width = image.dimension(2);
        for (int channel = 0; channel < image.dimension(0); channel++) {
            double mean = random.nextDouble(-1, 1);
            double[] waves = new double[4 * WAVES];
            for (int i = 0; i < waves.length; i++) {
                waves[i] = random.nextDouble();
            }
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    double value = mean + 0.3 * random.nextGaussian();
                    for (int w = 0; w < waves.length; w += 4) {
                        double phase = 8 * waves[w] * x / width + 8 * waves[w + 1] * y / height + waves[w + 2];
                        value += waves[w + 3] * StrictMath.sin(2 * Math.PI * phase);
                    }
                    target.put((float) value);
                }
            }
        }
    }
}
