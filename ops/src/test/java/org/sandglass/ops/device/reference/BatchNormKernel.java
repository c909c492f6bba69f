package org.sandglass.ops.device.reference;

import java.util.Arrays;
import org.sandglass.ops.device.Operation;

/** Batch normalisation (Ioffe and Szegedy, arXiv 1502.03167, algorithm 1). */
final class BatchNormKernel implements Kernel {
    private final Operation.BatchNorm operation;
    private final int channels;
    private final int pixels;
    private double[] mean = {};
    private double[] deviation = {};

    BatchNormKernel(Operation.BatchNorm operation) {
        this.operation = operation;
        channels = operation.statistics().channels();
        pixels = (int) (operation.input().shape().elements() / channels);
    }

    /** Told of an element's index and of its channel. */
    @FunctionalInterface
    private interface Element {
        void visit(int index, int channel);
    }

    private void forEach(int batch, Element element) {
        for (int sample = 0; sample < batch; sample++) {
            for (int channel = 0; channel < channels; channel++) {
                for (int pixel = 0; pixel < pixels; pixel++) {
                    element.visit((sample * channels + channel) * pixels + pixel, channel);
                }
            }
        }
    }

    @Override
    public void forward(Tape tape, boolean training) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        double[] variance = training ? batchStatistics(tape, x) : runningStatistics(tape);
        deviation = new double[channels];
        for (int channel = 0; channel < channels; channel++) {
            deviation[channel] = Math.sqrt(variance[channel] + operation.epsilon());
        }
        double[] scale = tape.weights(operation.scale());
        double[] shift = tape.weights(operation.shift());
        forEach(tape.batch(), (i, c) -> y[i] = scale[c] * (x[i] - mean[c]) / deviation[c] + shift[c]);
    }

    private double[] runningStatistics(Tape tape) {
        mean = tape.runningMean(operation.statistics());
        return tape.runningVariance(operation.statistics());
    }

    private double[] batchStatistics(Tape tape, double[] x) {
        int count = tape.batch() * pixels;
        double[] sum = new double[channels];
        forEach(tape.batch(), (i, c) -> sum[c] += x[i]);
        mean = divided(sum, count);
        double[] squares = new double[channels];
        forEach(tape.batch(), (i, c) -> squares[c] += (x[i] - mean[c]) * (x[i] - mean[c]));
        tape.addStatistics(operation.statistics(), mean, divided(squares, Math.max(count - 1, 1)));
        return divided(squares, count);
    }

    @Override
    public void backward(Tape tape) {
        double[] x = tape.value(operation.input());
        double[] dx = tape.gradient(operation.input());
        double[] dy = tape.gradient(operation.output());
        double[] scale = tape.weights(operation.scale());
        double[] dScale = new double[channels];
        double[] dShift = new double[channels];
        forEach(tape.batch(), (i, c) -> {
            dScale[c] += dy[i] * (x[i] - mean[c]) / deviation[c];
            dShift[c] += dy[i];
        });
        int count = tape.batch() * pixels;
        forEach(tape.batch(), (i, c) -> {
            double normalized = (x[i] - mean[c]) / deviation[c];
            dx[i] += scale[c] / deviation[c] * (dy[i] - dShift[c] / count - normalized * dScale[c] / count);
        });
        tape.addGradient(operation.scale(), dScale);
        tape.addGradient(operation.shift(), dShift);
    }

    private static double[] divided(double[] values, int divisor) {
        return Arrays.stream(values).map(value -> value / divisor).toArray();
    }
}
