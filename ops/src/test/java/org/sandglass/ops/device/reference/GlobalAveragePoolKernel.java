package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.Operation;

final class GlobalAveragePoolKernel implements Kernel {
    private final Operation.GlobalAveragePool operation;
    private final int pixels;

    GlobalAveragePoolKernel(Operation.GlobalAveragePool operation) {
        this.operation = operation;
        pixels = operation.input().shape().dimension(1)
                * operation.input().shape().dimension(2);
    }

    @Override
    public void forward(Tape tape, boolean training) {
        double[] x = tape.value(operation.input());
        double[] y = tape.value(operation.output());
        for (int i = 0; i < y.length; i++) {
            double sum = 0;
            for (int pixel = 0; pixel < pixels; pixel++) {
                sum += x[i * pixels + pixel];
            }
            y[i] = sum / pixels;
        }
    }

    @Override
    public void backward(Tape tape) {
        double[] dx = tape.gradient(operation.input());
        double[] dy = tape.gradient(operation.output());
        for (int i = 0; i < dx.length; i++) {
            dx[i] += dy[i / pixels] / pixels;
        }
    }
}
