package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.BatchStatistics;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Consumers;
import org.sandglass.ops.device.plan.Gradients;
import org.sandglass.ops.device.plan.Natives;
import org.sandglass.ops.device.plan.Place;
import org.sandglass.ops.device.plan.Place.Slot;

/**
 * What lowerings write into: the steps of an executable, in the order in which they will run, and the operands that the
 * steps use. Forward's steps come first, backward's after {@link #beginBackward}.
 */
final class Program implements Gradients.Emitter<Operand> {
    private final Onednn onednn;
    private final Natives natives;
    private final Consumers consumers;
    private final CompileOptions options;
    private final FlatLayout flat;
    private final Vectors vectors;

    private final List<Step> steps = new ArrayList<>();
    private final List<Step> refreshSteps = new ArrayList<>();
    private final List<Slot> slots = new ArrayList<>();
    private final List<Binding> bindings = new ArrayList<>();
    private final Map<Integer, Operand> stored = new HashMap<>();
    private final Map<Integer, Operand> values = new HashMap<>();
    private final Set<Integer> spare = new HashSet<>();
    private final Gradients<Operand> gradients = new Gradients<>(this);
    private int backwardStart;
    private String layer = "input";

    /** Something that must learn its address, again whenever the arena has moved. */
    @FunctionalInterface
    interface Binding {
        void bind(NativeBlock arena);
    }

    Program(Onednn onednn, Natives natives, Consumers consumers, CompileOptions options, Vectors vectors) {
        this.onednn = onednn;
        this.natives = natives;
        this.consumers = consumers;
        this.options = options;
        this.vectors = vectors;
        this.flat = vectors.layout();
    }

    Onednn onednn() {
        return onednn;
    }

    Natives natives() {
        return natives;
    }

    Consumers consumers() {
        return consumers;
    }

    Gradients<Operand> gradients() {
        return gradients;
    }

    int batch() {
        return options.batchSize();
    }

    /** The type of images inside the network. */
    memory.data_type type() {
        return Onednn.type(options.precision());
    }

    boolean training() {
        return options.mode() == CompileOptions.Mode.TRAINING;
    }

    List<Step> forwardSteps() {
        return List.copyOf(steps.subList(0, backwardStart));
    }

    List<Step> backwardSteps() {
        return List.copyOf(steps.subList(backwardStart, steps.size()));
    }

    /** Steps to run before forward whenever the weights, or what the arena holds, may have changed. */
    List<Step> refreshSteps() {
        return refreshSteps;
    }

    List<Slot> slots() {
        return slots;
    }

    List<Binding> bindings() {
        return bindings;
    }

    /** Names the layer that the steps emitted from now on belong to. */
    void enter(String newLayer) {
        layer = newLayer;
    }

    String layer() {
        return layer;
    }

    void beginBackward() {
        backwardStart = steps.size();
    }

    @Override
    public boolean needsGradient(Value value) {
        return value.id() != 0 || options.inputGradient();
    }

    // Operands

    memory.desc layout(Value value) {
        return Onednn.layout(natives, value, batch(), type());
    }

    Operand temporary(memory.desc layout) {
        Slot slot = new Slot(layout.get_size());
        slots.add(slot);
        return new Operand(layout, slot);
    }

    Operand weight(Parameter parameter, memory.desc layout) {
        return new Operand(layout, new Place.Fixed(vectors.weights().at(flat.weightOffset(parameter))));
    }

    /** A parameter in another layout, or rounded to another type: a copy that lasts until the weights change. */
    Operand weight(Parameter parameter, memory.desc from, memory.desc to) {
        Operand flatWeight = weight(parameter, from);
        if (from.equals(to)) {
            return flatWeight;
        }
        Operand copy = temporary(to);
        ((Slot) copy.place()).pin();
        reorder(refreshSteps, flatWeight, copy, onednn.plain());
        return copy;
    }

    Operand runningMean(BatchStatistics norm, memory.desc layout) {
        return new Operand(layout, new Place.Fixed(vectors.statistics().at(flat.meanOffset(norm))));
    }

    Operand runningVariance(BatchStatistics norm, memory.desc layout) {
        return new Operand(layout, new Place.Fixed(vectors.statistics().at(flat.varianceOffset(norm))));
    }

    /** Says where a value is; {@code isSpare} if backward does without it. */
    void define(Value value, Operand operand, boolean isSpare) {
        stored.put(value.id(), operand);
        if (isSpare || !training()) {
            spare.add(value.id());
        }
    }

    /** The value in its {@link #layout}. */
    Operand value(Value value) {
        Operand known = values.get(value.id());
        if (known != null) {
            return known;
        }
        Operand converted = converted(value, stored(value), layout(value));
        values.put(value.id(), converted);
        return converted;
    }

    /** The value in the layout in which it was defined. */
    Operand stored(Value value) {
        Operand operand = stored.get(value.id());
        if (operand == null) {
            throw new IllegalStateException("Cannot compile: value " + value.id() + " is used before it is computed");
        }
        return operand;
    }

    /** Whether the only reader of a value may overwrite it. */
    boolean mayOverwrite(Value value) {
        return value.id() != 0
                && spare.contains(value.id())
                && consumers.of(value).size() == 1;
    }

    /** A value or its gradient in another layout: itself, or a copy. */
    Operand converted(Value value, Operand from, memory.desc layout) {
        if (Onednn.isOneBlock(value) && isOneOfTwoNames(value, from.layout()) && isOneOfTwoNames(value, layout)) {
            return from.as(layout);
        }
        return converted(from, layout);
    }

    private boolean isOneOfTwoNames(Value value, memory.desc layout) {
        return layout.equals(layout(value)) || layout.equals(Onednn.channelsLast(natives, value, batch(), type()));
    }

    /** The operand in another layout: itself, or a copy. */
    Operand converted(Operand from, memory.desc layout) {
        if (from.layout().equals(layout)) {
            return from;
        }
        Operand to = temporary(layout);
        reorder(steps, from, to, onednn.plain());
        return to;
    }

    // Steps

    /** Emits a primitive; arguments are keyed by the library's {@code DNNL_ARG_…}. */
    void execute(String kind, primitive_desc_base descriptor, primitive work, Map<Integer, Operand> arguments) {
        execute(kind, 0, descriptor, work, arguments);
    }

    /** Emits a primitive that takes so many floating point operations. */
    void execute(
            String kind,
            double flops,
            primitive_desc_base descriptor,
            primitive work,
            Map<Integer, Operand> arguments) {
        steps.add(step(kind, flops, descriptor, work, arguments));
    }

    private Step step(
            String kind,
            double flops,
            primitive_desc_base descriptor,
            primitive work,
            Map<Integer, Operand> arguments) {
        natives.keep(work);
        IntMemoryMap memories = natives.keep(new IntMemoryMap());
        arguments.forEach((index, operand) -> memories.put(index, memoryOf(operand)));
        memory.desc scratchpad = natives.keep(descriptor.scratchpad_desc());
        if (scratchpad.get_size() > 0) {
            memories.put(dnnl.DNNL_ARG_SCRATCHPAD, memoryOf(temporary(scratchpad)));
        }
        String implementation = descriptor.impl_info_str().getString();
        return new Step(layer, kind, implementation, flops, listener -> work.execute(onednn.stream(), memories));
    }

    /** Emits a piece of Java that uses operands; their views are bound by {@link #view}. */
    void call(String kind, Runnable work, Operand... used) {
        for (Operand operand : used) {
            use(operand);
        }
        steps.add(new Step(layer, kind, "java", 0, listener -> work.run()));
    }

    /** Emits the news that a parameter's gradient is complete. */
    void ready(Parameter parameter) {
        steps.add(new Step(layer, "ready", "java", 0, listener -> listener.gradientReady(parameter)));
    }

    /** A view of an operand of the arena, valid while steps run. */
    View view(Operand operand, long elements) {
        View view = new View((Slot) operand.place(), elements);
        bindings.add(view);
        return view;
    }

    @Override
    public Operand like(Operand operand) {
        return temporary(operand.layout());
    }

    @Override
    public void add(Operand a, Operand b, Operand target) {
        add(a, b, target, onednn.plain());
    }

    /** Emits {@code a + b} into {@code target}, which may be one of them. */
    void add(Operand a, Operand b, Operand target, primitive_attr attributes) {
        binary.primitive_desc descriptor = Onednn.fast(
                natives,
                layer,
                List.of(() -> new binary.primitive_desc(
                        onednn.engine(),
                        dnnl.algorithm.binary_add,
                        a.layout(),
                        b.layout(),
                        target.layout(),
                        attributes,
                        true)));
        execute(
                "add",
                descriptor,
                new binary(descriptor),
                Map.of(dnnl.DNNL_ARG_SRC_0, a, dnnl.DNNL_ARG_SRC_1, b, dnnl.DNNL_ARG_DST, target));
    }

    /** Emits the addition of a parameter's gradient of this batch to the gradient vector. */
    void accumulate(Operand gradient, Parameter parameter, memory.desc layout) {
        Place target = new Place.Fixed(vectors.gradients().at(flat.gradientOffset(parameter)));
        reorder(steps, gradient, new Operand(layout, target), onednn.accumulating());
    }

    /** Emits the addition of a batch's mean and variance, the latter times a factor, to the gradient vector. */
    void accumulateStatistics(BatchStatistics norm, Operand mean, Operand variance, float varianceFactor) {
        FloatBuffer sums = vectors.gradients().floats();
        int meanAt = Math.toIntExact(FlatLayout.COUNTERS + flat.meanOffset(norm));
        int varianceAt = Math.toIntExact(FlatLayout.COUNTERS + flat.varianceOffset(norm));
        View means = view(mean, norm.channels());
        View variances = view(variance, norm.channels());
        call(
                "statistics",
                () -> {
                    FloatBuffer m = means.floats();
                    FloatBuffer v = variances.floats();
                    for (int c = 0; c < norm.channels(); c++) {
                        sums.put(meanAt + c, sums.get(meanAt + c) + m.get(c));
                        sums.put(varianceAt + c, sums.get(varianceAt + c) + varianceFactor * v.get(c));
                    }
                },
                mean,
                variance);
    }

    private void reorder(List<Step> target, Operand from, Operand to, primitive_attr attributes) {
        reorder.primitive_desc descriptor = Onednn.fast(
                natives,
                layer,
                List.of(() -> new reorder.primitive_desc(
                        onednn.engine(), from.layout(), onednn.engine(), to.layout(), attributes, true)));
        target.add(step(
                "reorder",
                0,
                descriptor,
                new reorder(descriptor),
                Map.of(dnnl.DNNL_ARG_FROM, from, dnnl.DNNL_ARG_TO, to)));
    }

    private memory memoryOf(Operand operand) {
        use(operand);
        memory wrapped = natives.keep(new memory(operand.layout(), onednn.engine(), (Pointer) null));
        if (operand.place() instanceof Place.Fixed fixed) {
            wrapped.set_data_handle(fixed.address());
        } else if (operand.place() instanceof Slot slot) {
            bindings.add(arena -> wrapped.set_data_handle(arena.at(slot.offset())));
        }
        return wrapped;
    }

    private void use(Operand operand) {
        if (operand.place() instanceof Slot slot) {
            slot.usedAt(steps.size());
        }
    }
}
