package org.sandglass.ops.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Gradients;
import org.sandglass.ops.device.plan.Natives;
import org.sandglass.ops.tensor.Shape;

/**
 * Convolution. Weights are reordered from the flat vector, and rounded where the precision is lower, to the layout that each
 * of the two directions wants, whenever they have changed; the graph's input is read row-major where oneDNN can, which for few channels is the
 * fast way. Gradients of weights are fp32 in every precision.
 */
final class ConvolutionLowering implements Lowering {
    private final Operation.Convolution operation;
    private final Parameter weight;
    private final long[] strides;
    private final long[] padding;

    ConvolutionLowering(Operation.Convolution operation) {
        this.operation = operation;
        this.weight = operation.weight();
        this.strides = new long[] {operation.stride(), operation.stride()};
        this.padding = new long[] {operation.padding(), operation.padding()};
    }

    @Override
    public Runnable lower(Program program) {
        Natives natives = program.natives();
        prop_kind kind = program.training() ? prop_kind.forward_training : prop_kind.forward_inference;
        memory.desc weights = Onednn.any(natives, program.type(), weightDimensions());
        List<Supplier<convolution_forward.primitive_desc>> attempts = new ArrayList<>();
        for (memory.desc[] pair : layouts(program)) {
            attempts.add(() -> new convolution_forward.primitive_desc(
                    program.onednn().engine(),
                    kind,
                    algorithm.convolution_direct,
                    pair[0],
                    weights,
                    pair[1],
                    strides,
                    padding,
                    padding,
                    program.onednn().plain(),
                    true));
        }
        convolution_forward.primitive_desc descriptor = Onednn.fast(natives, layer(), attempts);
        Operand source = program.converted(
                operation.input(), program.stored(operation.input()), natives.keep(descriptor.src_desc()));
        Operand target = program.temporary(natives.keep(descriptor.dst_desc()));
        Operand reordered = weight(program, natives.keep(descriptor.weights_desc()));
        program.execute(
                "convolution",
                flops(program),
                descriptor,
                new convolution_forward(descriptor),
                Map.of(DNNL_ARG_SRC, source, DNNL_ARG_WEIGHTS, reordered, DNNL_ARG_DST, target));
        program.define(operation.output(), target, true);
        return () -> backward(program, source, descriptor);
    }

    private void backward(Program program, Operand source, convolution_forward.primitive_desc forward) {
        Optional<Gradients.Shared<Operand>> taken = program.gradients().take(operation.output());
        if (taken.isPresent()) {
            weights(program, source, taken.get().operand(), forward);
        }
        program.ready(weight);
        if (taken.isPresent() && program.needsGradient(operation.input())) {
            data(program, taken.get().operand(), forward);
        }
    }

    private void weights(
            Program program, Operand input, Operand outputGradient, convolution_forward.primitive_desc forward) {
        Natives natives = program.natives();
        memory.desc weights = Onednn.any(natives, memory.data_type.f32, weightDimensions());
        List<Supplier<convolution_backward_weights.primitive_desc>> attempts = new ArrayList<>();
        for (memory.desc[] pair : layouts(program)) {
            attempts.add(() -> new convolution_backward_weights.primitive_desc(
                    program.onednn().engine(),
                    algorithm.convolution_direct,
                    pair[0],
                    weights,
                    pair[1],
                    strides,
                    padding,
                    padding,
                    forward,
                    program.onednn().plain(),
                    true));
        }
        convolution_backward_weights.primitive_desc descriptor = Onednn.fast(natives, layer(), attempts);
        Operand source = program.converted(operation.input(), input, natives.keep(descriptor.src_desc()));
        Operand gradient =
                program.converted(operation.output(), outputGradient, natives.keep(descriptor.diff_dst_desc()));
        Operand result = program.temporary(natives.keep(descriptor.diff_weights_desc()));
        program.execute(
                "convolution weights",
                flops(program),
                descriptor,
                new convolution_backward_weights(descriptor),
                Map.of(DNNL_ARG_SRC, source, DNNL_ARG_DIFF_DST, gradient, DNNL_ARG_DIFF_WEIGHTS, result));
        program.accumulate(result, weight, Onednn.plain(natives, weightDimensions()));
    }

    private void data(Program program, Operand outputGradient, convolution_forward.primitive_desc forward) {
        Natives natives = program.natives();
        memory.desc source = program.layout(operation.input());
        memory.desc target = program.layout(operation.output());
        memory.desc weights = Onednn.any(natives, program.type(), weightDimensions());
        memory.desc[][] layouts = {{source, target}, anyLayouts(program)};
        List<Supplier<convolution_backward_data.primitive_desc>> attempts = new ArrayList<>();
        for (memory.desc[] pair : layouts) {
            attempts.add(() -> new convolution_backward_data.primitive_desc(
                    program.onednn().engine(),
                    algorithm.convolution_direct,
                    pair[0],
                    weights,
                    pair[1],
                    strides,
                    padding,
                    padding,
                    forward,
                    program.onednn().plain(),
                    true));
        }
        convolution_backward_data.primitive_desc descriptor = Onednn.fast(natives, layer(), attempts);
        Operand gradient = program.converted(outputGradient, natives.keep(descriptor.diff_dst_desc()));
        Operand reordered = weight(program, natives.keep(descriptor.weights_desc()));
        Operand result = program.temporary(natives.keep(descriptor.diff_src_desc()));
        program.execute(
                "convolution data",
                flops(program),
                descriptor,
                new convolution_backward_data(descriptor),
                Map.of(DNNL_ARG_DIFF_DST, gradient, DNNL_ARG_WEIGHTS, reordered, DNNL_ARG_DIFF_SRC, result));
        program.gradients().give(operation.input(), program.converted(result, source));
    }

    /** Pairs of source and destination layouts, the ones without a reorder first. */
    private List<memory.desc[]> layouts(Program program) {
        List<memory.desc[]> layouts = new ArrayList<>();
        memory.desc target = program.layout(operation.output());
        if (operation.input().id() == 0) {
            layouts.add(new memory.desc[] {inputLayout(program), target});
        } else if (isFasterChannelsLast(program)) {
            layouts.add(new memory.desc[] {
                channelsLast(program, operation.input()), channelsLast(program, operation.output())
            });
        }
        layouts.add(new memory.desc[] {program.layout(operation.input()), target});
        layouts.add(anyLayouts(program));
        return layouts;
    }

    /**
     * From one block of channels to one block, channels last is another name for the same memory, by which oneDNN picks other
     * code: on a Zen 4 in fp32 a quarter faster forward and a fifth faster for the weights, in bf16 slower.
     */
    private boolean isFasterChannelsLast(Program program) {
        return program.type() == memory.data_type.f32
                && weight.shape().dimension(2) > 1
                && operation.stride() == 1
                && Onednn.isOneBlock(operation.input())
                && Onednn.isOneBlock(operation.output());
    }

    private static memory.desc channelsLast(Program program, Value value) {
        return Onednn.channelsLast(program.natives(), value, program.batch(), program.type());
    }

    private memory.desc[] anyLayouts(Program program) {
        return new memory.desc[] {
            Onednn.any(program.natives(), program.type(), Onednn.dimensions(operation.input(), program.batch())),
            Onednn.any(program.natives(), program.type(), Onednn.dimensions(operation.output(), program.batch()))
        };
    }

    private memory.desc inputLayout(Program program) {
        return Onednn.plain(program.natives(), program.type(), Onednn.dimensions(operation.input(), program.batch()));
    }

    private Operand weight(Program program, memory.desc wanted) {
        return program.weight(weight, Onednn.plain(program.natives(), weightDimensions()), wanted);
    }

    private long[] weightDimensions() {
        Shape shape = weight.shape();
        return new long[] {shape.dimension(0), shape.dimension(1), shape.dimension(2), shape.dimension(3)};
    }

    private double flops(Program program) {
        double positions =
                (double) operation.output().shape().elements() / weight.shape().dimension(0);
        return 2.0 * program.batch() * positions * weight.shape().elements();
    }

    private String layer() {
        return weight.name();
    }
}
