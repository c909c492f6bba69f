package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.Operation;

final class AddKernel implements Kernel {
    private final Operation.Add operation;

    AddKernel(Operation.Add operation) {
        this.operation = operation;
    }

    @Override
    public void forward(Tape tape, boolean training) {
        double[] a = tape.value(operation.input());
        double[] b = tape.value(operation.shortcut());
        double[] y = tape.value(operation.output());
        for (int i = 0; i < y.length; i++) {
            y[i] = a[i] + b[i];
        }
    }

    @Override
    public void backward(Tape tape) {
        double[] da = tape.gradient(operation.input());
        double[] db = tape.gradient(operation.shortcut());
        double[] dy = tape.gradient(operation.output());
        for (int i = 0; i < dy.length; i++) {
            da[i] += dy[i];
            db[i] += dy[i];
        }
    }
}
