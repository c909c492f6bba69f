package org.sandglass.ops.device.reference;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.sandglass.ops.device.BatchStatistics;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;

/** The values of one microbatch and their gradients, batch outermost, and access to the flat vectors. */
final class Tape {
    private final int batch;
    private final NetworkBuffers buffers;
    private final double[][] values;
    private final double[][] gradients;

    Tape(Graph graph, int batch, NetworkBuffers buffers) {
        this.batch = batch;
        this.buffers = buffers;
        values = new double[graph.operations().size() + 1][];
        gradients = new double[values.length][];
        allocate(graph.input());
        for (Operation operation : graph.operations()) {
            allocate(operation.output());
        }
    }

    private void allocate(Value value) {
        int elements = Math.toIntExact(batch * value.shape().elements());
        values[value.id()] = new double[elements];
        gradients[value.id()] = new double[elements];
    }

    int batch() {
        return batch;
    }

    double[] value(Value value) {
        return values[value.id()];
    }

    double[] gradient(Value value) {
        return gradients[value.id()];
    }

    void clearGradients() {
        for (double[] gradient : gradients) {
            Arrays.fill(gradient, 0);
        }
    }

    double[] weights(Parameter parameter) {
        long offset = layout().weightOffset(parameter);
        return read(ReferenceBuffer.memory(buffers.weights()), offset, (int)
                parameter.shape().elements());
    }

    void addGradient(Parameter parameter, double[] gradient) {
        add(layout().gradientOffset(parameter), gradient);
    }

    double[] runningMean(BatchStatistics norm) {
        return read(ReferenceBuffer.memory(buffers.statistics()), layout().meanOffset(norm), norm.channels());
    }

    double[] runningVariance(BatchStatistics norm) {
        return read(ReferenceBuffer.memory(buffers.statistics()), layout().varianceOffset(norm), norm.channels());
    }

    void addStatistics(BatchStatistics norm, double[] mean, double[] unbiasedVariance) {
        add(FlatLayout.COUNTERS + layout().meanOffset(norm), mean);
        add(FlatLayout.COUNTERS + layout().varianceOffset(norm), unbiasedVariance);
    }

    private FlatLayout layout() {
        return buffers.layout();
    }

    private void add(long offset, double[] addend) {
        FloatBuffer memory = ReferenceBuffer.memory(buffers.gradients());
        for (int i = 0; i < addend.length; i++) {
            int index = (int) offset + i;
            memory.put(index, (float) (memory.get(index) + addend[i]));
        }
    }

    private static double[] read(FloatBuffer memory, long offset, int length) {
        double[] read = new double[length];
        for (int i = 0; i < length; i++) {
            read[i] = memory.get((int) offset + i);
        }
        return read;
    }
}
