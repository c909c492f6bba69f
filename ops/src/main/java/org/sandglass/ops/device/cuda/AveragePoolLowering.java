package org.sandglass.ops.device.cuda;

import java.util.List;
import org.sandglass.ops.device.Operation;

/** Global average pooling: from images to fp32 vectors; on the way back the gradients' scale begins here. */
final class AveragePoolLowering implements Lowering {
    private final Operation.GlobalAveragePool operation;

    AveragePoolLowering(Operation.GlobalAveragePool operation) {
        this.operation = operation;
    }

    @Override
    public Runnable lower(Program program) {
        int channels = operation.input().shape().dimension(0);
        int pixels = operation.input().shape().dimension(1)
                * operation.input().shape().dimension(2);
        int[] sizes = {program.batch(), channels, pixels};
        Operand input = program.value(operation.input());
        Operand output = program.temporary(operation.output());
        program.kernel("average_pool", input.type(), output.elements(), List.of(input, output), sizes);
        program.define(operation.output(), output, true);
        return () -> program.gradients()
                .take(operation.output())
                .filter(taken -> program.needsGradient(operation.input()))
                .ifPresent(taken -> {
                    Operand target = program.temporary(operation.input());
                    program.scaledKernel(
                            "average_pool_gradient",
                            program.gpu().kernels().function("average_pool_gradient", input.type()),
                            Launch.Grid.over(program.gpu(), target.elements()),
                            List.of(taken.operand(), target),
                            sizes,
                            false);
                    program.gradients().give(operation.input(), target);
                });
    }
}
