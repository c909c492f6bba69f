package org.sandglass.ops.device.cpu;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.sandglass.ops.device.Value;

/**
 * Where the gradients of values are while backward is being emitted. A value that several operations read gets the sum of
 * what they give. One operand may stand for several values' gradients, and is overwritten only when it stands for none.
 */
final class Gradients {
    private final Program program;
    private final Map<Integer, Shared> pending = new HashMap<>();

    /** An operand and the number of values whose gradient it is. */
    static final class Shared {
        private final Operand operand;
        private int holders;

        Shared(Operand operand) {
            this.operand = operand;
        }

        Operand operand() {
            return operand;
        }

        /** The operand itself if nobody else wants what is in it, otherwise a new one of the same layout. */
        Operand target(Program program) {
            return holders == 0 ? operand : program.temporary(operand.layout());
        }
    }

    Gradients(Program program) {
        this.program = program;
    }

    /** The complete gradient of a value, for the operation that made it; none if no reader of it gave any. */
    Optional<Shared> take(Value value) {
        Shared shared = pending.remove(value.id());
        if (shared == null) {
            return Optional.empty();
        }
        shared.holders--;
        return Optional.of(shared);
    }

    /** Gives a gradient that nothing else stands for. */
    void give(Value value, Operand operand) {
        give(value, new Shared(operand));
    }

    /** Gives the same gradient to two values. */
    void giveBoth(Value first, Value second, Shared shared) {
        shared.holders++;
        give(first, shared);
        give(second, shared);
        shared.holders--;
    }

    void give(Value value, Shared shared) {
        if (!program.needsGradient(value)) {
            return;
        }
        shared.holders++;
        Shared other = pending.get(value.id());
        pending.put(value.id(), other == null ? shared : sum(shared, other));
    }

    private Shared sum(Shared a, Shared b) {
        Shared target = a.holders == 1 ? a : b.holders == 1 ? b : new Shared(program.temporary(a.operand.layout()));
        program.add(a.operand, b.operand, target.operand, program.onednn().plain());
        a.holders--;
        b.holders--;
        target.holders++;
        return target;
    }
}
