package org.sandglass.ops.device.reference;

import java.util.Arrays;
import org.sandglass.ops.device.Operation;

/** Maximum over windows; of equal pixels the first in row-major order wins. */
final class MaxPoolKernel implements Kernel {
    private final Operation.MaxPool operation;
    private final Window window;
    private final int channels;

    MaxPoolKernel(Operation.MaxPool operation) {
        this.operation = operation;
        channels = operation.input().shape().dimension(0);
        window = Window.of(
                operation.input(), operation.output(), operation.window(), operation.stride(), operation.padding());
    }

    @Override
    public void forward(Tape tape, boolean training) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        Arrays.fill(y, Double.NEGATIVE_INFINITY);
        for (int plane = 0; plane < tape.batch() * channels; plane++) {
            int input = plane * window.inputPixels();
            int output = plane * window.outputPixels();
            window.forEach((in, out) -> y[output + out] = Math.max(y[output + out], x[input + in]));
        }
    }

    @Override
    public void backward(Tape tape) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        double[] dx = tape.gradient(operation.input());
        double[] dy = tape.gradient(operation.output());
        boolean[] given = new boolean[y.length];
        for (int plane = 0; plane < tape.batch() * channels; plane++) {
            int input = plane * window.inputPixels();
            int output = plane * window.outputPixels();
            window.forEach((in, out) -> {
                if (!given[output + out] && x[input + in] == y[output + out]) {
                    given[output + out] = true;
                    dx[input + in] += dy[output + out];
                }
            });
        }
    }

    @Override
    public double kinkDistance(Tape tape) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        double[] second = new double[y.length];
        boolean[] met = new boolean[y.length];
        Arrays.fill(second, Double.NEGATIVE_INFINITY);
        for (int plane = 0; plane < tape.batch() * channels; plane++) {
            int input = plane * window.inputPixels();
            int output = plane * window.outputPixels();
            window.forEach((in, out) -> {
                if (!met[output + out] && x[input + in] == y[output + out]) {
                    met[output + out] = true;
                } else {
                    second[output + out] = Math.max(second[output + out], x[input + in]);
                }
            });
        }
        double distance = Double.POSITIVE_INFINITY;
        for (int i = 0; i < y.length; i++) {
            // Equal zeros come from a ReLU that both pixels are far below, and pass no gradient either way.
            distance = y[i] == 0 && second[i] == 0 ? distance : Math.min(distance, y[i] - second[i]);
        }
        return distance;
    }
}
