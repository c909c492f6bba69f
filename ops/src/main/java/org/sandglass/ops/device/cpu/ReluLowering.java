package org.sandglass.ops.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;

import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.eltwise_backward;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.plan.Gradients;

/** A ReLU by itself. Backward looks at the output, so that the input may be overwritten. */
final class ReluLowering implements Lowering {
    private final Operation.Relu operation;

    ReluLowering(Operation.Relu operation) {
        this.operation = operation;
    }

    @Override
    public Runnable lower(Program program) {
        Operand input = program.value(operation.input());
        eltwise_forward.primitive_desc descriptor = forward(program, input.layout());
        Operand target = program.mayOverwrite(operation.input()) ? input : program.temporary(input.layout());
        program.execute(
                "relu", descriptor, new eltwise_forward(descriptor), Map.of(DNNL_ARG_SRC, input, DNNL_ARG_DST, target));
        program.define(operation.output(), target, false);
        return () -> program.gradients().take(operation.output()).ifPresent(taken -> program.gradients()
                .give(operation.input(), masked(program, target, taken)));
    }

    /** Emits the gradient where the output is positive, zero elsewhere. */
    static Operand masked(Program program, Operand output, Gradients.Shared<Operand> gradient) {
        memory.desc layout = output.layout();
        eltwise_forward.primitive_desc forward = forward(program, layout);
        eltwise_backward.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                program.layer(),
                List.of(() -> new eltwise_backward.primitive_desc(
                        program.onednn().engine(),
                        algorithm.eltwise_relu_use_dst_for_bwd,
                        layout,
                        layout,
                        layout,
                        0f,
                        forward,
                        program.onednn().plain(),
                        true)));
        Operand target = gradient.target(program);
        program.execute(
                "relu",
                descriptor,
                new eltwise_backward(descriptor),
                Map.of(DNNL_ARG_DST, output, DNNL_ARG_DIFF_DST, gradient.operand(), DNNL_ARG_DIFF_SRC, target));
        return target;
    }

    private static eltwise_forward.primitive_desc forward(Program program, memory.desc layout) {
        return Onednn.fast(
                program.natives(),
                program.layer(),
                List.of(() -> new eltwise_forward.primitive_desc(
                        program.onednn().engine(),
                        program.training() ? prop_kind.forward_training : prop_kind.forward_inference,
                        algorithm.eltwise_relu_use_dst_for_bwd,
                        layout,
                        layout,
                        0f,
                        program.onednn().plain(),
                        true)));
    }
}
