package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.Operation;

final class LinearKernel implements Kernel {
    private final Operation.Linear operation;
    private final int inputs;
    private final int outputs;

    LinearKernel(Operation.Linear operation) {
        this.operation = operation;
        outputs = operation.weight().shape().dimension(0);
        inputs = operation.weight().shape().dimension(1);
    }

    @Override
    public void forward(Tape tape, boolean training) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        double[] w = tape.weights(operation.weight());
        double[] bias = tape.weights(operation.bias());
        for (int sample = 0; sample < tape.batch(); sample++) {
            for (int out = 0; out < outputs; out++) {
                double sum = bias[out];
                for (int in = 0; in < inputs; in++) {
                    sum += w[out * inputs + in] * x[sample * inputs + in];
                }
                y[sample * outputs + out] = sum;
            }
        }
    }

    @Override
    public void backward(Tape tape) {
        double[] x = tape.value(operation.input());
        double[] dx = tape.gradient(operation.input());
        double[] dy = tape.gradient(operation.output());
        double[] w = tape.weights(operation.weight());
        double[] dw = new double[w.length];
        double[] dBias = new double[outputs];
        for (int sample = 0; sample < tape.batch(); sample++) {
            for (int out = 0; out < outputs; out++) {
                double gradient = dy[sample * outputs + out];
                dBias[out] += gradient;
                for (int in = 0; in < inputs; in++) {
                    dx[sample * inputs + in] += w[out * inputs + in] * gradient;
                    dw[out * inputs + in] += x[sample * inputs + in] * gradient;
                }
            }
        }
        tape.addGradient(operation.bias(), dBias);
        tape.addGradient(operation.weight(), dw);
    }
}
