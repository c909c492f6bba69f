package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.Operation;

final class ReluKernel implements Kernel {
    private final Operation.Relu operation;

    ReluKernel(Operation.Relu operation) {
        this.operation = operation;
    }

    @Override
    public void forward(Tape tape, boolean training) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        for (int i = 0; i < x.length; i++) {
            y[i] = Math.max(x[i], 0);
        }
    }

    @Override
    public void backward(Tape tape) {
        double[] x = tape.value(operation.input());
        double[] dx = tape.gradient(operation.input());
        double[] dy = tape.gradient(operation.output());
        for (int i = 0; i < x.length; i++) {
            dx[i] += x[i] > 0 ? dy[i] : 0;
        }
    }

    @Override
    public double kinkDistance(Tape tape) {
        double distance = Double.POSITIVE_INFINITY;
        for (double x : tape.value(operation.input())) {
            distance = Math.min(distance, Math.abs(x));
        }
        return distance;
    }
}
