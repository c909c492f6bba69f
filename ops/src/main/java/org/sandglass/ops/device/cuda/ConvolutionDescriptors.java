package org.sandglass.ops.device.cuda;

import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.global.cudnn;
import org.sandglass.ops.tensor.DataType;

/** A convolution as cuDNN sees it: everything in NHWC and of one type, sums in fp32. */
// NVIDIA ships the legacy convolutions and calls them deprecated; the graph interface computes nothing else with them.
@SuppressWarnings("deprecation")
final class ConvolutionDescriptors {
    private final DataType type;
    private final cudnnTensorStruct input = new cudnnTensorStruct();
    private final cudnnTensorStruct output = new cudnnTensorStruct();
    private final cudnnFilterStruct filter = new cudnnFilterStruct();
    private final cudnnConvolutionStruct convolution = new cudnnConvolutionStruct();
    private final Checks checks;

    /** @param owned what destroys them */
    ConvolutionDescriptors(Checks checks, Owned owned, ConvolutionShape shape, DataType type, boolean tf32) {
        this.checks = checks;
        this.type = type;
        tensor(owned, input, shape.inputs(), shape.inputHeight(), shape.inputWidth(), shape.batch());
        tensor(owned, output, shape.outputs(), shape.outputHeight(), shape.outputWidth(), shape.batch());
        checks.cudnn("cudnnCreateFilterDescriptor", cudnn.cudnnCreateFilterDescriptor(filter));
        owned.add(
                filter, () -> checks.cudnn("cudnnDestroyFilterDescriptor", cudnn.cudnnDestroyFilterDescriptor(filter)));
        checks.cudnn(
                "cudnnSetFilter4dDescriptor",
                cudnn.cudnnSetFilter4dDescriptor(
                        filter,
                        code(),
                        cudnn.CUDNN_TENSOR_NHWC,
                        shape.outputs(),
                        shape.inputs(),
                        shape.window(),
                        shape.window()));
        checks.cudnn("cudnnCreateConvolutionDescriptor", cudnn.cudnnCreateConvolutionDescriptor(convolution));
        owned.add(
                convolution,
                () -> checks.cudnn(
                        "cudnnDestroyConvolutionDescriptor", cudnn.cudnnDestroyConvolutionDescriptor(convolution)));
        checks.cudnn(
                "cudnnSetConvolution2dDescriptor",
                cudnn.cudnnSetConvolution2dDescriptor(
                        convolution,
                        shape.padding(),
                        shape.padding(),
                        shape.stride(),
                        shape.stride(),
                        1,
                        1,
                        cudnn.CUDNN_CROSS_CORRELATION,
                        cudnn.CUDNN_DATA_FLOAT));
        useMath(
                type != DataType.F32
                        ? cudnn.CUDNN_TENSOR_OP_MATH
                        : tf32 ? cudnn.CUDNN_DEFAULT_MATH : cudnn.CUDNN_FMA_MATH);
    }

    private void tensor(Owned owned, cudnnTensorStruct tensor, int channels, int height, int width, int batch) {
        checks.cudnn("cudnnCreateTensorDescriptor", cudnn.cudnnCreateTensorDescriptor(tensor));
        owned.add(
                tensor, () -> checks.cudnn("cudnnDestroyTensorDescriptor", cudnn.cudnnDestroyTensorDescriptor(tensor)));
        checks.cudnn(
                "cudnnSetTensor4dDescriptor",
                cudnn.cudnnSetTensor4dDescriptor(
                        tensor, cudnn.CUDNN_TENSOR_NHWC, code(), batch, channels, height, width));
    }

    private int code() {
        return switch (type) {
            case F32 -> cudnn.CUDNN_DATA_FLOAT;
            case BF16 -> cudnn.CUDNN_DATA_BFLOAT16;
            case F16 -> cudnn.CUDNN_DATA_HALF;
        };
    }

    private void useMath(int mathType) {
        checks.cudnn("cudnnSetConvolutionMathType", cudnn.cudnnSetConvolutionMathType(convolution, mathType));
    }

    DataType type() {
        return type;
    }

    cudnnTensorStruct input() {
        return input;
    }

    cudnnTensorStruct output() {
        return output;
    }

    cudnnFilterStruct filter() {
        return filter;
    }

    cudnnConvolutionStruct convolution() {
        return convolution;
    }
}
