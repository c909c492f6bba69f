package org.sandglass.ops.device.reference;

import java.util.Arrays;
import org.sandglass.ops.device.Operation;

final class ConvolutionKernel implements Kernel {
    private final Operation.Convolution operation;
    private final Window window;
    private final int inChannels;
    private final int outChannels;

    ConvolutionKernel(Operation.Convolution operation) {
        this.operation = operation;
        inChannels = operation.weight().shape().dimension(1);
        outChannels = operation.weight().shape().dimension(0);
        int size = operation.weight().shape().dimension(2);
        window = Window.of(operation.input(), operation.output(), size, operation.stride(), operation.padding());
    }

    /** Offsets of one pair of channels of one sample: input plane, output plane, kernel. */
    @FunctionalInterface
    private interface Planes {
        void visit(int input, int output, int kernel);
    }

    private void forEachPlanes(int batch, Planes planes) {
        for (int sample = 0; sample < batch; sample++) {
            for (int out = 0; out < outChannels; out++) {
                for (int in = 0; in < inChannels; in++) {
                    planes.visit(
                            (sample * inChannels + in) * window.inputPixels(),
                            (sample * outChannels + out) * window.outputPixels(),
                            (out * inChannels + in) * window.taps());
                }
            }
        }
    }

    @Override
    public void forward(Tape tape, boolean training) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        double[] w = tape.weights(operation.weight());
        Arrays.fill(y, 0);
        forEachPlanes(
                tape.batch(),
                (input, output, kernel) -> window.forEachRow((in, out, length, tap) -> {
                    double weight = w[kernel + tap];
                    for (int i = 0; i < length; i++) {
                        y[output + out + i] += weight * x[input + in + i * window.stride()];
                    }
                }));
    }

    @Override
    public void backward(Tape tape) {
        double[] x = tape.value(operation.input());
        double[] dx = tape.gradient(operation.input());
        double[] dy = tape.gradient(operation.output());
        double[] w = tape.weights(operation.weight());
        double[] dw = new double[w.length];
        forEachPlanes(
                tape.batch(),
                (input, output, kernel) -> window.forEachRow((in, out, length, tap) -> {
                    double weight = w[kernel + tap];
                    double sum = 0;
                    for (int i = 0; i < length; i++) {
                        int pixel = input + in + i * window.stride();
                        dx[pixel] += weight * dy[output + out + i];
                        sum += x[pixel] * dy[output + out + i];
                    }
                    dw[kernel + tap] += sum;
                }));
        tape.addGradient(operation.weight(), dw);
    }
}
