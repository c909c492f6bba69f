package org.sandglass.ops.device.reference;

import org.sandglass.ops.device.Operation;

/** One operation of a graph, forward and backward. */
interface Kernel {

    void forward(Tape tape, boolean training);

    /** Adds what the output's gradient contributes to the gradients of the inputs and of the parameters. */
    void backward(Tape tape);

    /** How far the nearest input of the last forward is from where the operation has no derivative. */
    default double kinkDistance(Tape tape) {
        return Double.POSITIVE_INFINITY;
    }

    static Kernel of(Operation operation) {
        if (operation instanceof Operation.Convolution convolution) {
            return new ConvolutionKernel(convolution);
        } else if (operation instanceof Operation.BatchNorm norm) {
            return new BatchNormKernel(norm);
        } else if (operation instanceof Operation.Relu relu) {
            return new ReluKernel(relu);
        } else if (operation instanceof Operation.Add add) {
            return new AddKernel(add);
        } else if (operation instanceof Operation.MaxPool pool) {
            return new MaxPoolKernel(pool);
        } else if (operation instanceof Operation.GlobalAveragePool pool) {
            return new GlobalAveragePoolKernel(pool);
        } else if (operation instanceof Operation.Linear linear) {
            return new LinearKernel(linear);
        }
        throw new IllegalArgumentException("Cannot compute " + operation);
    }
}
