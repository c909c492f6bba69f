package org.sandglass.ops.device.cuda;

import java.util.List;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Gradients;

/** Addition, with the ReLU that alone reads it where there is one; for sums of which neither side is a batch norm's alone. */
final class AddLowering implements Lowering {
    private final Operation.Add operation;
    private final Value output;
    private final boolean relu;

    /** @param output the addition's own output, or that of the ReLU fused with it */
    AddLowering(Operation.Add operation, Value output) {
        this.operation = operation;
        this.output = output;
        this.relu = output.id() != operation.output().id();
    }

    @Override
    public Runnable lower(Program program) {
        Operand input = program.value(operation.input());
        Operand shortcut = program.value(operation.shortcut());
        Operand target = program.inPlaceOf(operation.input());
        int count = program.elements(output);
        program.kernel("add", input.type(), count, List.of(input, shortcut, target), count, relu ? 1 : 0);
        program.define(output, target, !relu);
        return () -> program.gradients().take(output).ifPresent(taken -> {
            Gradients.Shared<Operand> both =
                    relu ? new Gradients.Shared<>(ReluLowering.masked(program, target, taken)) : taken;
            program.gradients().giveBoth(operation.input(), operation.shortcut(), both);
        });
    }
}
