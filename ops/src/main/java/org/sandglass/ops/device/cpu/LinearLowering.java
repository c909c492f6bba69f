package org.sandglass.ops.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.inner_product_backward_data;
import org.bytedeco.dnnl.inner_product_backward_weights;
import org.bytedeco.dnnl.inner_product_forward;
import org.bytedeco.dnnl.memory;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.plan.Gradients;

/** The fully connected layer, on plain layouts: its weight is read where it lies in the flat vector. */
final class LinearLowering implements Lowering {
    private final Operation.Linear operation;

    LinearLowering(Operation.Linear operation) {
        this.operation = operation;
    }

    @Override
    public Runnable lower(Program program) {
        Operand input = program.value(operation.input());
        Operand target = program.temporary(program.layout(operation.output()));
        Operand weight = program.weight(operation.weight(), weightLayout(program));
        Operand bias = program.weight(operation.bias(), biasLayout(program));
        inner_product_forward.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new inner_product_forward.primitive_desc(
                        program.onednn().engine(),
                        program.training() ? prop_kind.forward_training : prop_kind.forward_inference,
                        input.layout(),
                        weight.layout(),
                        bias.layout(),
                        target.layout(),
                        program.onednn().plain(),
                        true)));
        program.execute(
                "linear",
                descriptor,
                new inner_product_forward(descriptor),
                Map.of(DNNL_ARG_SRC, input, DNNL_ARG_WEIGHTS, weight, DNNL_ARG_BIAS, bias, DNNL_ARG_DST, target));
        program.define(operation.output(), target, true);
        return () -> backward(program, input, weight, descriptor);
    }

    private void backward(
            Program program, Operand input, Operand weight, inner_product_forward.primitive_desc forward) {
        Optional<Gradients.Shared<Operand>> taken = program.gradients().take(operation.output());
        taken.ifPresent(gradient -> parameters(program, input, gradient.operand(), forward));
        program.ready(operation.bias());
        program.ready(operation.weight());
        taken.filter(gradient -> program.needsGradient(operation.input()))
                .ifPresent(gradient -> data(program, weight, gradient.operand(), forward));
    }

    private void parameters(
            Program program, Operand input, Operand gradient, inner_product_forward.primitive_desc forward) {
        Operand weight = program.temporary(weightLayout(program));
        Operand bias = program.temporary(biasLayout(program));
        inner_product_backward_weights.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new inner_product_backward_weights.primitive_desc(
                        program.onednn().engine(),
                        input.layout(),
                        weight.layout(),
                        bias.layout(),
                        gradient.layout(),
                        forward,
                        program.onednn().plain(),
                        true)));
        program.execute(
                "linear",
                descriptor,
                new inner_product_backward_weights(descriptor),
                Map.of(
                        DNNL_ARG_SRC, input,
                        DNNL_ARG_DIFF_DST, gradient,
                        DNNL_ARG_DIFF_WEIGHTS, weight,
                        DNNL_ARG_DIFF_BIAS, bias));
        program.accumulate(bias, operation.bias(), bias.layout());
        program.accumulate(weight, operation.weight(), weight.layout());
    }

    private void data(Program program, Operand weight, Operand gradient, inner_product_forward.primitive_desc forward) {
        Operand target = program.temporary(program.layout(operation.input()));
        inner_product_backward_data.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new inner_product_backward_data.primitive_desc(
                        program.onednn().engine(),
                        target.layout(),
                        weight.layout(),
                        gradient.layout(),
                        forward,
                        program.onednn().plain(),
                        true)));
        program.execute(
                "linear",
                descriptor,
                new inner_product_backward_data(descriptor),
                Map.of(DNNL_ARG_DIFF_DST, gradient, DNNL_ARG_WEIGHTS, weight, DNNL_ARG_DIFF_SRC, target));
        program.gradients().give(operation.input(), target);
    }

    private memory.desc weightLayout(Program program) {
        return Onednn.plain(
                program.natives(),
                operation.weight().shape().dimension(0),
                operation.weight().shape().dimension(1));
    }

    private memory.desc biasLayout(Program program) {
        return Onednn.plain(program.natives(), operation.bias().shape().dimension(0));
    }

    private String layer() {
        return operation.weight().name();
    }
}
