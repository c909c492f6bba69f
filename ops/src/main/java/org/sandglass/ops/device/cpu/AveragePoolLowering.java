package org.sandglass.ops.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;

import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.global.dnnl.algorithm;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.pooling_backward;
import org.bytedeco.dnnl.pooling_forward;
import org.sandglass.ops.device.Operation;

/** Global average pooling: one window, from an image in channel blocks to a plain vector. */
final class AveragePoolLowering implements Lowering {
    private static final long[] NONE = {0, 0};

    private final Operation.GlobalAveragePool operation;
    private final long[] window;

    AveragePoolLowering(Operation.GlobalAveragePool operation) {
        this.operation = operation;
        this.window = new long[] {
            operation.input().shape().dimension(1), operation.input().shape().dimension(2)
        };
    }

    @Override
    public Runnable lower(Program program) {
        Operand input = program.value(operation.input());
        memory.desc onePixel =
                Onednn.layout(program.natives(), program.type(), Onednn.blocked(), program.batch(), channels(), 1, 1);
        pooling_forward.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new pooling_forward.primitive_desc(
                        program.onednn().engine(),
                        program.training() ? prop_kind.forward_training : prop_kind.forward_inference,
                        algorithm.pooling_avg_exclude_padding,
                        input.layout(),
                        onePixel,
                        window,
                        window,
                        NONE,
                        NONE,
                        NONE,
                        program.onednn().plain(),
                        true)));
        Operand pooled = program.temporary(onePixel);
        program.execute(
                "average pool",
                descriptor,
                new pooling_forward(descriptor),
                Map.of(DNNL_ARG_SRC, input, DNNL_ARG_DST, pooled));
        Operand vector = program.converted(pooled, plainPixel(program));
        program.define(operation.output(), vector.as(program.layout(operation.output())), true);
        return () -> program.gradients()
                .take(operation.output())
                .filter(taken -> program.needsGradient(operation.input()))
                .ifPresent(taken -> backward(program, taken.operand(), onePixel, descriptor));
    }

    private void backward(
            Program program, Operand vector, memory.desc onePixel, pooling_forward.primitive_desc forward) {
        memory.desc layout = program.layout(operation.input());
        pooling_backward.primitive_desc descriptor = Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new pooling_backward.primitive_desc(
                        program.onednn().engine(),
                        algorithm.pooling_avg_exclude_padding,
                        layout,
                        onePixel,
                        window,
                        window,
                        NONE,
                        NONE,
                        NONE,
                        forward,
                        program.onednn().plain(),
                        true)));
        Operand gradient = program.converted(vector.as(plainPixel(program)), onePixel);
        Operand target = program.temporary(layout);
        program.execute(
                "average pool",
                descriptor,
                new pooling_backward(descriptor),
                Map.of(DNNL_ARG_DIFF_DST, gradient, DNNL_ARG_DIFF_SRC, target));
        program.gradients().give(operation.input(), target);
    }

    private memory.desc plainPixel(Program program) {
        return Onednn.plain(program.natives(), program.batch(), channels(), 1, 1);
    }

    private int channels() {
        return operation.input().shape().dimension(0);
    }

    private String layer() {
        return "average pool of " + operation.input().shape();
    }
}
