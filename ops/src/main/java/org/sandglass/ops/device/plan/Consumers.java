package org.sandglass.ops.device.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Value;

/** Which operations read which value; an operation that reads a value twice counts twice. */
public final class Consumers {
    private final Map<Integer, List<Operation>> operations = new HashMap<>();

    public Consumers(Graph graph) {
        for (Operation operation : graph.operations()) {
            add(operation.input(), operation);
            if (operation instanceof Operation.Add addition) {
                add(addition.shortcut(), operation);
            }
        }
    }

    public List<Operation> of(Value value) {
        return operations.getOrDefault(value.id(), List.of());
    }

    /** The ReLU that a value goes to, if it goes nowhere else. */
    public Optional<Operation.Relu> onlyRelu(Value value) {
        List<Operation> readers = of(value);
        return readers.size() == 1 && readers.get(0) instanceof Operation.Relu relu
                ? Optional.of(relu)
                : Optional.empty();
    }

    private void add(Value value, Operation operation) {
        operations.computeIfAbsent(value.id(), id -> new ArrayList<>()).add(operation);
    }
}
