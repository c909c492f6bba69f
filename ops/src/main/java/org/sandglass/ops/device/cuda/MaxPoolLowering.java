package org.sandglass.ops.device.cuda;

import java.util.List;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.tensor.Shape;

/** Max pooling, by a kernel of our own, which remembers where in its window each maximum was. */
final class MaxPoolLowering implements Lowering {
    private static final int LARGEST_WINDOW = 15;

    private final Operation.MaxPool operation;

    MaxPoolLowering(Operation.MaxPool operation) {
        if (operation.window() > LARGEST_WINDOW) {
            throw new IllegalArgumentException(
                    "Cannot compile max pool: a window of " + operation.window() + " is above " + LARGEST_WINDOW);
        }
        this.operation = operation;
    }

    @Override
    public Runnable lower(Program program) {
        Operand input = program.value(operation.input());
        Operand output = program.temporary(operation.output());
        Operand places = program.scratch(output.elements());
        program.kernel(
                "max_pool", input.type(), output.elements(), List.of(input, output, places), sizes(program, output));
        program.define(operation.output(), output, true);
        return () -> program.gradients()
                .take(operation.output())
                .filter(taken -> program.needsGradient(operation.input()))
                .ifPresent(taken -> {
                    Operand target = program.temporary(operation.input());
                    program.kernel(
                            "max_pool_gradient",
                            input.type(),
                            target.elements(),
                            List.of(taken.operand(), places, target),
                            sizes(program, target));
                    program.gradients().give(operation.input(), target);
                });
    }

    private int[] sizes(Program program, Operand threads) {
        Shape from = operation.input().shape();
        Shape to = operation.output().shape();
        program.elements(operation.input());
        return new int[] {
            (int) threads.elements(),
            from.dimension(0),
            from.dimension(1),
            from.dimension(2),
            to.dimension(1),
            to.dimension(2),
            operation.window(),
            operation.stride(),
            operation.padding()
        };
    }
}
