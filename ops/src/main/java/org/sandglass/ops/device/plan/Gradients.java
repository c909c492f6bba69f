package org.sandglass.ops.device.plan;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.sandglass.ops.device.Value;

/**
 * Where the gradients of values are while backward is being emitted. A value that several operations read gets the sum of
 * what they give. One operand may stand for several values' gradients, and is overwritten only when it stands for none.
 *
 * @param <O> a device's operands
 */
public final class Gradients<O> {
    private final Emitter<O> emitter;
    private final Map<Integer, Shared<O>> pending = new HashMap<>();

    /** What steps are emitted into. */
    public interface Emitter<O> {

        /** Whether anything asks for the gradient of a value. */
        boolean needsGradient(Value value);

        /** A new operand of the same kind, for the steps of one pass. */
        O like(O operand);

        /** Emits {@code a + b} into {@code target}, which may be one of them. */
        void add(O a, O b, O target);
    }

    /** An operand and the number of values whose gradient it is. */
    public static final class Shared<O> {
        private final O operand;
        private int holders;

        public Shared(O operand) {
            this.operand = operand;
        }

        public O operand() {
            return operand;
        }

        /** The operand itself if nobody else wants what is in it, otherwise a new one like it. */
        public O target(Emitter<O> emitter) {
            return holders == 0 ? operand : emitter.like(operand);
        }
    }

    public Gradients(Emitter<O> emitter) {
        this.emitter = emitter;
    }

    /** The complete gradient of a value, for the operation that made it; none if no reader of it gave any. */
    public Optional<Shared<O>> take(Value value) {
        Shared<O> shared = pending.remove(value.id());
        if (shared == null) {
            return Optional.empty();
        }
        shared.holders--;
        return Optional.of(shared);
    }

    /** Gives a gradient that nothing else stands for. */
    public void give(Value value, O operand) {
        give(value, new Shared<>(operand));
    }

    /** Gives the same gradient to two values. */
    public void giveBoth(Value first, Value second, Shared<O> shared) {
        shared.holders++;
        give(first, shared);
        give(second, shared);
        shared.holders--;
    }

    /** Gives a gradient that may stand for others too. */
    public void give(Value value, Shared<O> shared) {
        if (!emitter.needsGradient(value)) {
            return;
        }
        shared.holders++;
        Shared<O> other = pending.get(value.id());
        pending.put(value.id(), other == null ? shared : sum(shared, other));
    }

    private Shared<O> sum(Shared<O> a, Shared<O> b) {
        Shared<O> target = a.holders == 1 ? a : b.holders == 1 ? b : new Shared<>(emitter.like(a.operand));
        emitter.add(a.operand, b.operand, target.operand);
        a.holders--;
        b.holders--;
        target.holders++;
        return target;
    }
}
