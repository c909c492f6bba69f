package org.sandglass.ops.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WORKSPACE;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.pooling_backward;
import org.bytedeco.dnnl.pooling_forward;
import org.sandglass.ops.device.Operation;

/** Max pooling; training remembers where each maximum was. */
final class MaxPoolLowering implements Lowering {
    private static final long[] DENSE = {0, 0};

    private final Operation.MaxPool operation;
    private final long[] window;
    private final long[] strides;
    private final long[] padding;

    MaxPoolLowering(Operation.MaxPool operation) {
        this.operation = operation;
        this.window = new long[] {operation.window(), operation.window()};
        this.strides = new long[] {operation.stride(), operation.stride()};
        this.padding = new long[] {operation.padding(), operation.padding()};
    }

    @Override
    public Runnable lower(Program program) {
        Operand input = program.value(operation.input());
        memory.desc layout = program.layout(operation.output());
        pooling_forward.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new pooling_forward.primitive_desc(
                        program.onednn().engine(),
                        program.training() ? prop_kind.forward_training : prop_kind.forward_inference,
                        algorithm.pooling_max,
                        input.layout(),
                        layout,
                        strides,
                        window,
                        DENSE,
                        padding,
                        padding,
                        program.onednn().plain(),
                        true)));
        Operand target = program.temporary(layout);
        Map<Integer, Operand> arguments = new HashMap<>(Map.of(DNNL_ARG_SRC, input, DNNL_ARG_DST, target));
        if (program.training()) {
            arguments.put(
                    DNNL_ARG_WORKSPACE, program.temporary(program.natives().keep(descriptor.workspace_desc())));
        }
        program.execute("max pool", descriptor, new pooling_forward(descriptor), arguments);
        program.define(operation.output(), target, true);
        return () -> program.gradients()
                .take(operation.output())
                .filter(taken -> program.needsGradient(operation.input()))
                .ifPresent(taken -> backward(program, taken.operand(), descriptor, arguments));
    }

    private void backward(
            Program program,
            Operand gradient,
            pooling_forward.primitive_desc forward,
            Map<Integer, Operand> forwardArguments) {
        memory.desc layout = program.layout(operation.input());
        pooling_backward.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new pooling_backward.primitive_desc(
                        program.onednn().engine(),
                        algorithm.pooling_max,
                        layout,
                        gradient.layout(),
                        strides,
                        window,
                        DENSE,
                        padding,
                        padding,
                        forward,
                        program.onednn().plain(),
                        true)));
        Operand target = program.temporary(layout);
        Map<Integer, Operand> arguments = new HashMap<>(Map.of(DNNL_ARG_DIFF_DST, gradient, DNNL_ARG_DIFF_SRC, target));
        Operand workspace = forwardArguments.get(DNNL_ARG_WORKSPACE);
        if (workspace != null) {
            arguments.put(DNNL_ARG_WORKSPACE, workspace);
        }
        program.execute("max pool", descriptor, new pooling_backward(descriptor), arguments);
        program.gradients().give(operation.input(), target);
    }

    private String layer() {
        return "max pool " + operation.window() + " of " + operation.input().shape();
    }
}
