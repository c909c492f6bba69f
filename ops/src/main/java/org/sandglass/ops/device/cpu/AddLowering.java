package org.sandglass.ops.device.cpu;

import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Gradients;

/** Addition, with the ReLU that alone reads it where there is one; overwrites an input that nobody else wants. */
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
        // The library overwrites its first source only.
        boolean swapped = !program.mayOverwrite(operation.input()) && program.mayOverwrite(operation.shortcut());
        Operand first = swapped ? shortcut : input;
        boolean overwrites = swapped || program.mayOverwrite(operation.input());
        Operand target = overwrites ? first : program.temporary(input.layout());
        program.add(
                first,
                swapped ? input : shortcut,
                target,
                relu ? program.onednn().thenRelu() : program.onednn().plain());
        program.define(output, target, !relu);
        return () -> program.gradients().take(output).ifPresent(taken -> {
            Gradients.Shared<Operand> both =
                    relu ? new Gradients.Shared<>(ReluLowering.masked(program, target, taken)) : taken;
            program.gradients().giveBoth(operation.input(), operation.shortcut(), both);
        });
    }
}
