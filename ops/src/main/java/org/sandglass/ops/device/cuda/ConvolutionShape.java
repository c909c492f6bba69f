package org.sandglass.ops.device.cuda;

import org.sandglass.ops.device.Operation;
import org.sandglass.ops.tensor.Shape;

/** The sizes of a square-window convolution of a batch of images. */
record ConvolutionShape(
        int batch,
        int inputs,
        int inputHeight,
        int inputWidth,
        int outputs,
        int outputHeight,
        int outputWidth,
        int window,
        int stride,
        int padding) {

    static ConvolutionShape of(Operation.Convolution convolution, int batch) {
        Shape from = convolution.input().shape();
        Shape to = convolution.output().shape();
        return new ConvolutionShape(
                batch,
                from.dimension(0),
                from.dimension(1),
                from.dimension(2),
                to.dimension(0),
                to.dimension(1),
                to.dimension(2),
                convolution.weight().shape().dimension(2),
                convolution.stride(),
                convolution.padding());
    }
}
