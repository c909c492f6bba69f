package org.sandglass.ops.device.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;

/** Fuses a graph's operations and lowers them, forward and then, in training, backward. */
final class Compiler {
    private final Graph graph;
    private final Program program;
    private final Map<Integer, Operation.BatchNorm> norms = new HashMap<>();
    private final Map<Integer, Operation.BatchNorm> normOfAddition = new HashMap<>();
    private final Set<Integer> fused = new HashSet<>();

    Compiler(Graph graph, Program program) {
        this.graph = graph;
        this.program = program;
        for (Operation operation : graph.operations()) {
            if (operation instanceof Operation.BatchNorm norm) {
                norms.put(norm.output().id(), norm);
            } else if (operation instanceof Operation.Add add) {
                normBefore(add).ifPresent(norm -> {
                    normOfAddition.put(add.output().id(), norm);
                    fused.add(norm.output().id());
                });
            }
        }
    }

    /** What the executable itself reads and writes: images as our kernels have them. */
    record Ends(Operand input, Operand output, Operand outputGradient, Operand inputGradient) {}

    /** The batch norm of which an addition is the only reader; of two the later one. */
    private Optional<Operation.BatchNorm> normBefore(Operation.Add add) {
        Operation.@Nullable BatchNorm first = norms.get(add.input().id());
        Operation.@Nullable BatchNorm second = norms.get(add.shortcut().id());
        boolean takeFirst = isOnlyReadOnce(first)
                && (!isOnlyReadOnce(second) || add.input().id() > add.shortcut().id());
        return Optional.ofNullable(takeFirst ? first : isOnlyReadOnce(second) ? second : null);
    }

    private boolean isOnlyReadOnce(Operation.@Nullable BatchNorm norm) {
        return norm != null && program.consumers().of(norm.output()).size() == 1;
    }

    /** Emits all steps. */
    Ends emit() {
        Operand input = Program.pinned(program.temporary(graph.input()));
        program.define(graph.input(), input, false);
        Deque<Runnable> backward = new ArrayDeque<>();
        for (Operation operation : graph.operations()) {
            if (fused.contains(operation.output().id())) {
                // Its gradients are computed earlier, and told of when it is their turn.
                backward.push(() -> tell(operation));
                continue;
            }
            String layer = layer(operation);
            program.enter(layer);
            Runnable reversed = lowering(operation).lower(program);
            backward.push(() -> {
                program.enter(layer);
                reversed.run();
                if (operation instanceof Operation.BatchNorm) {
                    tell(operation);
                }
            });
        }
        Operand output = Program.pinned(program.value(graph.output()));
        program.beginBackward();
        if (!program.training()) {
            return new Ends(input, output, output, input);
        }
        Operand outputGradient = Program.pinned(program.temporary(graph.output()));
        program.gradients().give(graph.output(), outputGradient);
        backward.forEach(Runnable::run);
        Operand inputGradient = program.needsGradient(graph.input()) ? inputGradient() : input;
        return new Ends(input, output, outputGradient, inputGradient);
    }

    private void tell(Operation operation) {
        if (operation instanceof Operation.BatchNorm norm) {
            program.ready(norm.shift());
            program.ready(norm.scale());
        }
    }

    private Operand inputGradient() {
        return program.gradients()
                .take(graph.input())
                .map(taken -> Program.pinned(taken.operand()))
                .orElseThrow(() -> new IllegalStateException(
                        "Cannot compile: the output does not depend on the input, whose gradient was asked for"));
    }

    private Lowering lowering(Operation operation) {
        if (operation instanceof Operation.Convolution convolution) {
            return new ConvolutionLowering(convolution);
        } else if (operation instanceof Operation.BatchNorm norm) {
            Value output = fusedOutput(norm);
            return new BatchNormLowering(
                    norm, null, output, output.id() != norm.output().id());
        } else if (operation instanceof Operation.Relu relu) {
            return new ReluLowering(relu);
        } else if (operation instanceof Operation.Add add) {
            Operation.@Nullable BatchNorm norm = normOfAddition.get(add.output().id());
            Value output = fusedOutput(add);
            if (norm == null) {
                return new AddLowering(add, output);
            }
            boolean first = add.input().id() == norm.output().id();
            return new BatchNormLowering(
                    norm,
                    first ? add.shortcut() : add.input(),
                    output,
                    output.id() != add.output().id());
        } else if (operation instanceof Operation.MaxPool pool) {
            return new MaxPoolLowering(pool);
        } else if (operation instanceof Operation.GlobalAveragePool pool) {
            return new AveragePoolLowering(pool);
        } else if (operation instanceof Operation.Linear linear) {
            return new LinearLowering(linear);
        }
        throw new IllegalStateException("Cannot compile " + operation);
    }

    /** The output of the operation and the ReLU that alone reads it, if there is one. */
    private Value fusedOutput(Operation operation) {
        Value output = program.consumers()
                .onlyRelu(operation.output())
                .map(Operation.Relu::output)
                .orElse(operation.output());
        if (output.id() != operation.output().id()) {
            fused.add(output.id());
        }
        return output;
    }

    private static String layer(Operation operation) {
        if (operation instanceof Operation.Convolution convolution) {
            return prefix(convolution.weight());
        } else if (operation instanceof Operation.BatchNorm norm) {
            return norm.statistics().name();
        } else if (operation instanceof Operation.Linear linear) {
            return prefix(linear.weight());
        }
        String kind = operation.getClass().getSimpleName().toLowerCase(Locale.ROOT);
        return kind + " of " + operation.input().shape();
    }

    private static String prefix(Parameter weight) {
        return weight.name().replaceFirst("\\.weight$", "");
    }
}
