package org.sandglass.ops.nn;

import java.nio.FloatBuffer;
import org.sandglass.ops.device.BatchStatistics;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.tensor.Shape;

/**
 * The initial values of a network: those of Goyal et al., section 5.1.
 *
 * <p>Convolutions are normal with variance 2 / (kernel² · output channels) (He et al., "Delving Deep into Rectifiers",
 * in its backward form), linear weights normal with standard deviation 0.01, biases and batch norm shifts 0, batch norm
 * scales 1 or, in {@link Network#zeroScales()}, 0. Running means start at 0 and running variances at 1.
 *
 * <p>A value is a function of the seed, its parameter's name and its index: every machine computes the same one.
 */
public final class Initialization {

    private static final double LINEAR_DEVIATION = 0.01;

    private Initialization() {}

    /**
     * Fills the vectors of {@code network.layout()}, gaps with zeros; the buffers' positions are left alone.
     *
     * @throws IllegalArgumentException if a buffer's remaining elements are not exactly the vector's
     */
    public static void initialize(Network network, long seed, FloatBuffer weights, FloatBuffer statistics) {
        FlatLayout layout = network.layout();
        FloatBuffer w = FlatVector.of("weights", weights, layout.weightsLength());
        FloatBuffer s = FlatVector.of("statistics", statistics, layout.statisticsLength());
        fill(w, 0, w.limit(), 0);
        fill(s, 0, s.limit(), 0);
        for (Parameter parameter : layout.parameters()) {
            initialize(network, parameter, seed, w, (int) layout.weightOffset(parameter));
        }
        for (BatchStatistics norm : layout.statistics()) {
            fill(s, (int) layout.varianceOffset(norm), norm.channels(), 1);
        }
    }

    private static void initialize(Network network, Parameter parameter, long seed, FloatBuffer w, int offset) {
        int elements = (int) parameter.shape().elements();
        switch (parameter.role()) {
            case CONVOLUTION_WEIGHT ->
                normal(w, offset, elements, heDeviation(parameter.shape()), stream(seed, parameter));
            case LINEAR_WEIGHT -> normal(w, offset, elements, LINEAR_DEVIATION, stream(seed, parameter));
            case BATCH_NORM_SCALE ->
                fill(w, offset, elements, network.zeroScales().contains(parameter) ? 0 : 1);
            case LINEAR_BIAS, BATCH_NORM_SHIFT -> fill(w, offset, elements, 0);
        }
    }

    private static double heDeviation(Shape weight) {
        double fanOut = (double) weight.dimension(0) * weight.dimension(2) * weight.dimension(3);
        return Math.sqrt(2 / fanOut);
    }

    private static CounterRandom stream(long seed, Parameter parameter) {
        String name = parameter.name();
        long[] key = new long[1 + name.length()];
        key[0] = seed;
        for (int i = 0; i < name.length(); i++) {
            key[i + 1] = name.charAt(i);
        }
        return CounterRandom.of(CounterRandom.Purpose.INITIALIZATION, key);
    }

    private static void normal(FloatBuffer target, int offset, int elements, double deviation, CounterRandom random) {
        for (int i = 0; i < elements; i++) {
            target.put(offset + i, (float) (deviation * random.nextGaussian()));
        }
    }

    private static void fill(FloatBuffer target, int offset, int elements, float value) {
        for (int i = 0; i < elements; i++) {
            target.put(offset + i, value);
        }
    }
}
