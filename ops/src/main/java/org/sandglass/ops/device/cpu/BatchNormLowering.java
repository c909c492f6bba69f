package org.sandglass.ops.device.cpu;

import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SCALE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SHIFT;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DIFF_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_MEAN;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCALE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SHIFT;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_VARIANCE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WORKSPACE;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.batch_normalization_backward;
import org.bytedeco.dnnl.batch_normalization_forward;
import org.bytedeco.dnnl.global.dnnl.normalization_flags;
import org.bytedeco.dnnl.global.dnnl.prop_kind;
import org.bytedeco.dnnl.memory;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Natives;

/**
 * Batch norm, with the ReLU that alone reads it where there is one. Training keeps the input and one bit per element instead
 * of the output; evaluation overwrites its input where it may.
 */
final class BatchNormLowering implements Lowering {
    private final Operation.BatchNorm operation;
    private final Value output;
    private final boolean relu;

    /** @param output the batch norm's own output, or that of the ReLU fused with it */
    BatchNormLowering(Operation.BatchNorm operation, Value output) {
        this.operation = operation;
        this.output = output;
        this.relu = output.id() != operation.output().id();
    }

    @Override
    public Runnable lower(Program program) {
        return program.training() ? train(program) : evaluate(program);
    }

    private Runnable evaluate(Program program) {
        Operand input = spatial(program, program.value(operation.input()));
        batch_normalization_forward.primitive_desc descriptor =
                forward(program, input, prop_kind.forward_inference, normalization_flags.use_global_stats.value);
        memory.desc channels = channels(program);
        Operand target = program.mayOverwrite(operation.input()) ? input : program.temporary(input.layout());
        program.execute(
                "batch norm",
                descriptor,
                new batch_normalization_forward(descriptor),
                Map.of(
                        DNNL_ARG_SRC, input,
                        DNNL_ARG_MEAN, program.runningMean(operation.statistics(), channels),
                        DNNL_ARG_VARIANCE, program.runningVariance(operation.statistics(), channels),
                        DNNL_ARG_SCALE, program.weight(operation.scale(), channels),
                        DNNL_ARG_SHIFT, program.weight(operation.shift(), channels),
                        DNNL_ARG_DST, target));
        program.define(output, target.as(program.layout(output)), true);
        return () -> {};
    }

    private Runnable train(Program program) {
        Natives natives = program.natives();
        Operand input = spatial(program, program.value(operation.input()));
        batch_normalization_forward.primitive_desc descriptor = forward(program, input, prop_kind.forward_training, 0);
        memory.desc channels = channels(program);
        Operand mean = program.temporary(channels);
        Operand variance = program.temporary(channels);
        Operand target = program.temporary(input.layout());
        Map<Integer, Operand> arguments = new HashMap<>(Map.of(
                DNNL_ARG_SRC, input,
                DNNL_ARG_MEAN, mean,
                DNNL_ARG_VARIANCE, variance,
                DNNL_ARG_SCALE, program.weight(operation.scale(), channels),
                DNNL_ARG_SHIFT, program.weight(operation.shift(), channels),
                DNNL_ARG_DST, target));
        Map<Integer, Operand> kept = new HashMap<>(Map.of(
                DNNL_ARG_SRC, input,
                DNNL_ARG_MEAN, mean,
                DNNL_ARG_VARIANCE, variance,
                DNNL_ARG_SCALE, program.weight(operation.scale(), channels)));
        if (relu) {
            Operand workspace = program.temporary(natives.keep(descriptor.workspace_desc()));
            arguments.put(DNNL_ARG_WORKSPACE, workspace);
            kept.put(DNNL_ARG_WORKSPACE, workspace);
        }
        program.execute("batch norm", descriptor, new batch_normalization_forward(descriptor), arguments);
        long count =
                operation.input().shape().elements() / operation.statistics().channels() * program.batch();
        float unbiased = (float) count / Math.max(1, count - 1);
        program.accumulateStatistics(operation.statistics(), mean, variance, unbiased);
        program.define(output, target.as(program.layout(output)), true);
        return () -> backward(program, descriptor, kept);
    }

    private void backward(
            Program program, batch_normalization_forward.primitive_desc forward, Map<Integer, Operand> kept) {
        program.gradients().take(output).ifPresent(taken -> {
            Operand gradient = spatial(program, taken.operand());
            batch_normalization_backward.primitive_desc descriptor = Onednn.fast(
                    program.natives(),
                    layer(),
                    List.of(() -> new batch_normalization_backward.primitive_desc(
                            program.onednn().engine(),
                            prop_kind.backward.value,
                            gradient.layout(),
                            gradient.layout(),
                            gradient.layout(),
                            (float) operation.epsilon(),
                            flags(0),
                            forward,
                            program.onednn().plain(),
                            true)));
            memory.desc channels = channels(program);
            Operand target = taken.target(program).as(gradient.layout());
            Operand scale = program.temporary(channels);
            Operand shift = program.temporary(channels);
            Map<Integer, Operand> arguments = new HashMap<>(kept);
            arguments.put(DNNL_ARG_DIFF_DST, gradient);
            arguments.put(DNNL_ARG_DIFF_SRC, target);
            arguments.put(DNNL_ARG_DIFF_SCALE, scale);
            arguments.put(DNNL_ARG_DIFF_SHIFT, shift);
            program.execute("batch norm", descriptor, new batch_normalization_backward(descriptor), arguments);
            program.accumulate(shift, operation.shift(), channels);
            program.accumulate(scale, operation.scale(), channels);
            program.gradients().give(operation.input(), target.as(program.layout(operation.input())));
        });
        program.ready(operation.shift());
        program.ready(operation.scale());
    }

    private batch_normalization_forward.primitive_desc forward(
            Program program, Operand input, prop_kind kind, int extraFlags) {
        return Onednn.fast(
                program.natives(),
                layer(),
                List.of(() -> new batch_normalization_forward.primitive_desc(
                        program.onednn().engine(),
                        kind.value,
                        input.layout(),
                        input.layout(),
                        (float) operation.epsilon(),
                        flags(extraFlags),
                        program.onednn().plain(),
                        true)));
    }

    private int flags(int extra) {
        return normalization_flags.use_scale.value
                | normalization_flags.use_shift.value
                | (relu ? normalization_flags.fuse_norm_relu.value : 0)
                | extra;
    }

    /** A vector of features is normalised as an image of one pixel. */
    private Operand spatial(Program program, Operand operand) {
        return operation.input().shape().rank() == 3
                ? operand
                : operand.as(Onednn.plain(
                        program.natives(),
                        program.batch(),
                        operation.statistics().channels(),
                        1,
                        1));
    }

    private memory.desc channels(Program program) {
        return Onednn.plain(program.natives(), operation.statistics().channels());
    }

    private String layer() {
        return operation.statistics().name();
    }
}
