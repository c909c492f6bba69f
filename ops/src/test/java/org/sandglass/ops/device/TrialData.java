package org.sandglass.ops.device;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import org.sandglass.ops.device.reference.ReferenceDevice;
import org.sandglass.ops.device.reference.ReferenceExecutable;
import org.sandglass.ops.random.CounterRandom;

/** Weights, statistics and one microbatch for a case, drawn from a seed. */
record TrialData(
        ContractCase contract,
        FlatLayout layout,
        FloatBuffer weights,
        FloatBuffer statistics,
        FloatBuffer images,
        List<Integer> labels,
        FloatBuffer outputGradient) {

    /** Far above the rounding of fp32, and seldom undercut by the nearest of some ten thousand values. */
    static final double CLEAR_OF_KINKS = 1e-5;

    private static final int TRIES = 200;

    /** Which attempt was the first that is clear: every device asks for the same draws. */
    private static final Map<List<Object>, Integer> CLEAR_ATTEMPTS = new ConcurrentHashMap<>();

    /**
     * The first draw at which no ReLU's input is near zero and no maximum nearly shared: there rounding could change a
     * gradient by all of its size.
     */
    static TrialData draw(ContractCase contract, long seed, double clearance) {
        List<Object> key = List.of(contract, seed, clearance);
        Integer known = CLEAR_ATTEMPTS.get(key);
        if (known != null) {
            return drawOnce(contract, CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, seed, known));
        }
        for (int attempt = 0; attempt < TRIES; attempt++) {
            TrialData data = drawOnce(contract, CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, seed, attempt));
            if (data.kinkDistance() > clearance) {
                CLEAR_ATTEMPTS.put(key, attempt);
                return data;
            }
        }
        throw new AssertionError("no draw of " + contract + " is clear of kinks by " + clearance);
    }

    static TrialData draw(ContractCase contract, long seed) {
        return draw(contract, seed, CLEAR_OF_KINKS);
    }

    private static TrialData drawOnce(ContractCase contract, CounterRandom random) {
        Graph graph = contract.graph();
        FlatLayout layout = new FlatLayout(graph);
        FloatBuffer weights = FloatBuffer.allocate((int) layout.weightsLength());
        for (Parameter parameter : layout.parameters()) {
            boolean zero = contract.zeroScales().contains(parameter);
            int offset = (int) layout.weightOffset(parameter);
            int elements = (int) parameter.shape().elements();
            fill(weights, offset, elements, zero ? () -> 0 : distribution(parameter, random));
        }
        FloatBuffer statistics = FloatBuffer.allocate((int) layout.statisticsLength());
        for (BatchStatistics norm : layout.statistics()) {
            fill(statistics, (int) layout.meanOffset(norm), norm.channels(), random::nextGaussian);
            fill(statistics, (int) layout.varianceOffset(norm), norm.channels(), () -> random.nextDouble(0.5, 2));
        }
        int batch = contract.batchSize();
        FloatBuffer images =
                FloatBuffer.allocate((int) (batch * graph.input().shape().elements()));
        fill(images, 0, images.capacity(), () -> contract.shift() + random.nextGaussian());
        FloatBuffer outputGradient =
                FloatBuffer.allocate((int) (batch * graph.output().shape().elements()));
        fill(outputGradient, 0, outputGradient.capacity(), random::nextGaussian);
        int classes = graph.output().shape().dimension(0);
        List<Integer> labels = random.nextBoolean() && batch > 2 ? List.of(-1) : List.of();
        List<Integer> others = java.util.stream.Stream.generate(() -> random.nextInt(classes))
                .limit(batch - labels.size())
                .toList();
        List<Integer> all = new java.util.ArrayList<>(others);
        all.addAll(labels);
        return new TrialData(contract, layout, weights, statistics, images, all, outputGradient);
    }

    private static DoubleSupplier distribution(Parameter parameter, CounterRandom random) {
        double fanIn = (double) parameter.shape().elements() / parameter.shape().dimension(0);
        return switch (parameter.role()) {
            case CONVOLUTION_WEIGHT, LINEAR_WEIGHT -> () -> random.nextGaussian() * Math.sqrt(2 / fanIn);
            case BATCH_NORM_SCALE -> () -> random.nextDouble(0.5, 1.5);
            case BATCH_NORM_SHIFT, LINEAR_BIAS -> () -> 0.5 * random.nextGaussian();
        };
    }

    private static void fill(FloatBuffer target, int offset, int elements, DoubleSupplier values) {
        for (int i = 0; i < elements; i++) {
            target.put(offset + i, (float) values.getAsDouble());
        }
    }

    int[] labelArray() {
        return labels.stream().mapToInt(Integer::intValue).toArray();
    }

    private double kinkDistance() {
        ReferenceDevice device = ReferenceDevice.open();
        try (NetworkBuffers buffers = upload(device)) {
            ReferenceExecutable executable =
                    device.compile(contract.graph(), CompileOptions.training(contract.batchSize()), buffers);
            executable.load(images, labelArray());
            executable.forward();
            return executable.kinkDistance();
        }
    }

    /** New buffers with the weights and running statistics. */
    NetworkBuffers upload(Device device) {
        NetworkBuffers buffers = NetworkBuffers.allocate(device, layout);
        buffers.weights().upload(0, weights);
        buffers.statistics().upload(0, statistics);
        return buffers;
    }
}
