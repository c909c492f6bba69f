package org.sandglass.ops.device.cuda;

import java.util.Arrays;
import java.util.List;
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
        Operand target = program.inPlaceOf(operation.input());
        int count = program.elements(operation.input());
        program.kernel("add", input.type(), count, Arrays.asList(input, null, target), count, 1);
        program.define(operation.output(), target, false);
        return () -> program.gradients().take(operation.output()).ifPresent(taken -> program.gradients()
                .give(operation.input(), masked(program, target, taken)));
    }

    /** Emits the gradient where the output is positive, zero elsewhere. */
    static Operand masked(Program program, Operand output, Gradients.Shared<Operand> gradient) {
        Operand target = gradient.target(program);
        program.kernel(
                "relu_gradient", output.type(), output.elements(), List.of(gradient.operand(), output, target), (int)
                        output.elements());
        return target;
    }
}
