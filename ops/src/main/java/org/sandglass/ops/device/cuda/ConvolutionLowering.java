package org.sandglass.ops.device.cuda;

import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.plan.Gradients;
import org.sandglass.ops.tensor.DataType;

/** A convolution, by cuDNN. The weight's gradient comes in the images' type and is added to the fp32 vector. */
// NVIDIA ships the legacy convolutions and calls them deprecated; the graph interface computes nothing else with them.
@SuppressWarnings("deprecation")
final class ConvolutionLowering implements Lowering {
    private final Operation.Convolution operation;

    ConvolutionLowering(Operation.Convolution operation) {
        this.operation = operation;
    }

    @Override
    public Runnable lower(Program program) {
        Calls calls = new Calls(program, operation);
        Operand input = program.value(operation.input());
        Operand filter = program.filter(operation.weight(), calls.type);
        Operand output = program.temporary(operation.output());
        calls.forward(input, filter, output);
        program.define(operation.output(), output, true);
        return () -> {
            Optional<Operand> gradient =
                    program.gradients().take(operation.output()).map(Gradients.Shared::operand);
            gradient.ifPresent(taken -> calls.weights(input, taken));
            program.ready(operation.weight());
            gradient.filter(taken -> program.needsGradient(operation.input()))
                    .ifPresent(taken -> calls.data(filter, taken));
        };
    }

    /** What the three calls share. */
    private static final class Calls {
        private final Program program;
        private final Gpu gpu;
        private final Operation.Convolution operation;
        private final DataType type;
        private final ConvolutionShape shape;
        private final ConvolutionDescriptors descriptors;
        private final FloatPointer one = new FloatPointer(1f);
        private final FloatPointer zero = new FloatPointer(0f);

        Calls(Program program, Operation.Convolution operation) {
            this.program = program;
            this.operation = operation;
            gpu = program.gpu();
            type = program.type(operation.input());
            shape = ConvolutionShape.of(operation, program.batch());
            descriptors = new ConvolutionDescriptors(
                    gpu.checks(), program.owned(), shape, type, gpu.options().tf32());
            program.owned().add(one, one::close);
            program.owned().add(zero, zero::close);
        }

        private ConvolutionAlgorithms.Choice choose(ConvolutionAlgorithms.Kind kind) {
            return gpu.algorithms().choose(kind, shape, descriptors);
        }

        void forward(Operand input, Operand filter, Operand output) {
            ConvolutionAlgorithms.Choice choice = choose(ConvolutionAlgorithms.Kind.FORWARD);
            Pointer x = program.address(input);
            Pointer w = program.address(filter);
            Pointer y = program.address(output);
            Pointer scratch = program.address(program.scratch(choice.workspaceBytes()));
            program.call(() -> gpu.checks()
                    .cudnn(
                            "cudnnConvolutionForward",
                            cudnn.cudnnConvolutionForward(
                                    gpu.cudnnHandle(),
                                    one,
                                    descriptors.input(),
                                    x,
                                    descriptors.filter(),
                                    w,
                                    descriptors.convolution(),
                                    choice.algorithm(),
                                    scratch,
                                    choice.workspaceBytes(),
                                    zero,
                                    descriptors.output(),
                                    y)));
        }

        void weights(Operand input, Operand gradient) {
            ConvolutionAlgorithms.Choice choice = choose(ConvolutionAlgorithms.Kind.WEIGHTS);
            Operand filter = program.temporary(operation.weight().shape().elements(), type);
            Pointer x = program.address(input);
            Pointer dy = program.address(gradient);
            Pointer dw = program.address(filter);
            Pointer scratch = program.address(program.scratch(choice.workspaceBytes()));
            program.call(() -> gpu.checks()
                    .cudnn(
                            "cudnnConvolutionBackwardFilter",
                            cudnn.cudnnConvolutionBackwardFilter(
                                    gpu.cudnnHandle(),
                                    one,
                                    descriptors.input(),
                                    x,
                                    descriptors.output(),
                                    dy,
                                    descriptors.convolution(),
                                    choice.algorithm(),
                                    scratch,
                                    choice.workspaceBytes(),
                                    zero,
                                    descriptors.filter(),
                                    dw)));
            program.scaledKernel(
                    "add_filter_gradient",
                    gpu.kernels().function("add_filter_gradient", type),
                    Launch.Grid.over(gpu, filter.elements()),
                    List.of(filter, program.gradient(operation.weight())),
                    new int[] {shape.outputs(), shape.inputs(), shape.window() * shape.window()},
                    true);
        }

        void data(Operand filter, Operand gradient) {
            ConvolutionAlgorithms.Choice choice = choose(ConvolutionAlgorithms.Kind.DATA);
            Operand target = program.temporary(operation.input());
            Pointer w = program.address(filter);
            Pointer dy = program.address(gradient);
            Pointer dx = program.address(target);
            Pointer scratch = program.address(program.scratch(choice.workspaceBytes()));
            program.call(() -> gpu.checks()
                    .cudnn(
                            "cudnnConvolutionBackwardData",
                            cudnn.cudnnConvolutionBackwardData(
                                    gpu.cudnnHandle(),
                                    one,
                                    descriptors.filter(),
                                    w,
                                    descriptors.output(),
                                    dy,
                                    descriptors.convolution(),
                                    choice.algorithm(),
                                    scratch,
                                    choice.workspaceBytes(),
                                    zero,
                                    descriptors.input(),
                                    dx)));
            program.gradients().give(operation.input(), target);
        }
    }
}
