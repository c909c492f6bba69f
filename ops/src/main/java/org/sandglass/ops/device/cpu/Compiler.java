package org.sandglass.ops.device.cpu;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Consumers;
import org.sandglass.ops.device.plan.Place;

/** Fuses a graph's operations and lowers them, forward and then, in training, backward. */
final class Compiler {
    private final Graph graph;
    private final Consumers consumers;

    Compiler(Graph graph, Consumers consumers) {
        this.graph = graph;
        this.consumers = consumers;
    }

    /** Operations that become one, and what they are called. */
    private record Named(String layer, Lowering lowering) {}

    /** What the executable itself reads and writes. */
    record Ends(Operand input, Operand output, Operand outputGradient, Operand inputGradient) {}

    /** Emits all steps. */
    Ends emit(Program program) {
        Operand input = program.temporary(plain(program, graph.input()));
        pin(input);
        program.define(graph.input(), input, false);
        Deque<Runnable> backward = new ArrayDeque<>();
        for (Named named : lowerings()) {
            program.enter(named.layer());
            Runnable reversed = named.lowering().lower(program);
            backward.push(() -> {
                program.enter(named.layer());
                reversed.run();
            });
        }
        program.enter("output");
        Operand output = program.converted(program.stored(graph.output()), plain(program, graph.output()));
        pin(output);
        program.beginBackward();
        if (!program.training()) {
            return new Ends(input, output, output, input);
        }
        Operand outputGradient = program.temporary(plain(program, graph.output()));
        program.call("loss", () -> {}, outputGradient);
        program.gradients().give(graph.output(), program.converted(outputGradient, program.layout(graph.output())));
        backward.forEach(Runnable::run);
        Operand inputGradient = program.needsGradient(graph.input()) ? inputGradient(program) : input;
        return new Ends(input, output, outputGradient, inputGradient);
    }

    private Operand inputGradient(Program program) {
        Operand gradient = program.gradients()
                .take(graph.input())
                .map(taken -> program.converted(taken.operand(), plain(program, graph.input())))
                .orElseThrow(() -> new IllegalStateException(
                        "Cannot compile: the output does not depend on the input, whose gradient was asked for"));
        pin(gradient);
        return gradient;
    }

    private List<Named> lowerings() {
        Set<Integer> fused = new HashSet<>();
        List<Named> lowerings = new ArrayList<>();
        for (Operation operation : graph.operations()) {
            if (fused.contains(operation.output().id())) {
                continue;
            }
            lowerings.add(new Named(layer(operation), lowering(operation, fused)));
        }
        return lowerings;
    }

    private Lowering lowering(Operation operation, Set<Integer> fused) {
        if (operation instanceof Operation.Convolution convolution) {
            return new ConvolutionLowering(convolution);
        } else if (operation instanceof Operation.BatchNorm norm) {
            return new BatchNormLowering(norm, fusedOutput(norm, fused));
        } else if (operation instanceof Operation.Relu relu) {
            return new ReluLowering(relu);
        } else if (operation instanceof Operation.Add add) {
            return new AddLowering(add, fusedOutput(add, fused));
        } else if (operation instanceof Operation.MaxPool pool) {
            return new MaxPoolLowering(pool);
        } else if (operation instanceof Operation.GlobalAveragePool pool) {
            return new AveragePoolLowering(pool);
        } else if (operation instanceof Operation.Linear linear) {
            return new LinearLowering(linear);
        }
        throw new IllegalStateException("Cannot compile " + operation);
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

    /** The output of the operation and the ReLU that alone reads it, if there is one. */
    private Value fusedOutput(Operation operation, Set<Integer> fused) {
        Value output = consumers
                .onlyRelu(operation.output())
                .map(Operation.Relu::output)
                .orElse(operation.output());
        fused.add(output.id());
        return output;
    }

    private static org.bytedeco.dnnl.memory.desc plain(Program program, Value value) {
        return Onednn.plain(program.natives(), Onednn.dimensions(value, program.batch()));
    }

    private static void pin(Operand operand) {
        if (operand.place() instanceof Place.Slot slot) {
            slot.pin();
        }
    }
}
