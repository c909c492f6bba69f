package org.sandglass.ops.device.cuda;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.device.BatchStatistics;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Parameter;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Consumers;
import org.sandglass.ops.device.plan.Gradients;
import org.sandglass.ops.device.plan.Place;
import org.sandglass.ops.device.plan.Place.Slot;
import org.sandglass.ops.tensor.DataType;

/**
 * What lowerings write into: the steps of an executable, in the order in which they will be queued, and the operands that the
 * steps use. Forward's steps come first, backward's after {@link #beginBackward}.
 */
final class Program implements Gradients.Emitter<Operand> {
    /** Kernels count in 32 bits, and step over the end by as much as a grid has threads. */
    private static final long MOST_ELEMENTS = 1L << 30;

    private final Gpu gpu;
    private final Consumers consumers;
    private final CompileOptions options;
    private final FlatLayout flat;
    private final Vectors vectors;
    private final Owned owned = new Owned();

    private final List<Step> steps = new ArrayList<>();
    private final List<Step> refreshSteps = new ArrayList<>();
    private final List<Slot> slots = new ArrayList<>();
    private final List<Binding> bindings = new ArrayList<>();
    private final List<DoubleConsumer> scaled = new ArrayList<>();
    private final Map<Integer, Operand> values = new HashMap<>();
    private final Set<Integer> spare = new HashSet<>();
    private final Gradients<Operand> gradients = new Gradients<>(this);
    private int backwardStart;
    private String layer = "input";

    /** Something that must learn its address, again whenever the arena has moved. */
    @FunctionalInterface
    interface Binding {
        void bind(Memory arena);
    }

    Program(Gpu gpu, Graph graph, CompileOptions options, Vectors vectors) {
        this.gpu = gpu;
        this.consumers = new Consumers(graph);
        this.options = options;
        this.vectors = vectors;
        this.flat = vectors.layout();
    }

    Gpu gpu() {
        return gpu;
    }

    Owned owned() {
        return owned;
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

    /** Tells all steps that depend on it by what the gradients of images are multiplied. */
    void scaleGradients(double factor) {
        scaled.forEach(step -> step.accept(factor));
    }

    /** Names the layer that the steps emitted from now on belong to. */
    void enter(String newLayer) {
        layer = newLayer;
        gpu.checks().at(newLayer);
    }

    void beginBackward() {
        backwardStart = steps.size();
    }

    // Operands

    @Override
    public boolean needsGradient(Value value) {
        return value.id() != 0 || options.inputGradient();
    }

    /** The type of a value: images have the precision's, vectors are fp32. */
    DataType type(Value value) {
        return isImage(value) ? options.precision() : DataType.F32;
    }

    static boolean isImage(Value value) {
        return value.shape().rank() == 3;
    }

    /** Elements of a value, of all samples. */
    int elements(Value value) {
        long elements = value.shape().elements() * batch();
        if (elements > MOST_ELEMENTS) {
            throw new IllegalArgumentException("Cannot compile " + layer + ": " + elements
                    + " elements are too many for a kernel: batchSize=" + batch());
        }
        return (int) elements;
    }

    Operand temporary(Value value) {
        return temporary(elements(value), type(value));
    }

    Operand temporary(long elements, DataType type) {
        return temporary(elements, type, elements * type.bytes());
    }

    /** Memory without a type. */
    Operand scratch(long bytes) {
        return temporary(bytes, DataType.F32, bytes);
    }

    private Operand temporary(long elements, DataType type, long bytes) {
        Slot slot = new Slot(bytes);
        slots.add(slot);
        return new Operand(elements, type, slot);
    }

    @Override
    public Operand like(Operand operand) {
        return temporary(operand.elements(), operand.type());
    }

    /** Keeps an operand from the first step to beyond the last. */
    static Operand pinned(Operand operand) {
        ((Slot) operand.place()).pin();
        return operand;
    }

    Operand weight(Parameter parameter) {
        return fixed(
                vectors.weights(),
                flat.weightOffset(parameter),
                parameter.shape().elements());
    }

    Operand gradient(Parameter parameter) {
        return fixed(
                vectors.gradients(),
                flat.gradientOffset(parameter),
                parameter.shape().elements());
    }

    Operand meanSum(BatchStatistics norm) {
        return fixed(vectors.gradients(), FlatLayout.COUNTERS + flat.meanOffset(norm), norm.channels());
    }

    Operand varianceSum(BatchStatistics norm) {
        return fixed(vectors.gradients(), FlatLayout.COUNTERS + flat.varianceOffset(norm), norm.channels());
    }

    Operand runningMean(BatchStatistics norm) {
        return fixed(vectors.statistics(), flat.meanOffset(norm), norm.channels());
    }

    Operand runningVariance(BatchStatistics norm) {
        return fixed(vectors.statistics(), flat.varianceOffset(norm), norm.channels());
    }

    private static Operand fixed(CudaBuffer buffer, long offset, long elements) {
        return new Operand(elements, DataType.F32, new Place.Fixed(buffer.at(offset)));
    }

    /** A convolution's weight as cuDNN reads it: where it lies if that is the same, else a copy that lasts until it changes. */
    Operand filter(Parameter parameter, DataType type) {
        int outputs = parameter.shape().dimension(0);
        int inputs = parameter.shape().dimension(1);
        int window = parameter.shape().dimension(2) * parameter.shape().dimension(3);
        Operand weight = weight(parameter);
        if (type == DataType.F32 && (window == 1 || inputs == 1)) {
            return weight;
        }
        Operand copy = pinned(temporary(parameter.shape().elements(), type));
        Launch launch = launch(
                gpu.kernels().function("filter_from_weight", type),
                "filter_from_weight",
                Launch.Grid.over(gpu, copy.elements()),
                Arrays.asList(weight, copy),
                new int[] {outputs, inputs, window});
        refreshSteps.add(new Step(layer, listener -> launch.run(gpu.streams().compute())));
        return copy;
    }

    /** Says where a value is; {@code isSpare} if backward does without it. */
    void define(Value value, Operand operand, boolean isSpare) {
        values.put(value.id(), operand);
        if (isSpare || !training()) {
            spare.add(value.id());
        }
    }

    Operand value(Value value) {
        Operand operand = values.get(value.id());
        if (operand == null) {
            throw new IllegalStateException("Cannot compile: value " + value.id() + " is used before it is computed");
        }
        return operand;
    }

    /** A value's memory if its only reader may overwrite it, else new memory. */
    Operand inPlaceOf(Value value) {
        boolean mayOverwrite = value.id() != 0
                && spare.contains(value.id())
                && consumers.of(value).size() == 1;
        return mayOverwrite ? value(value) : temporary(value);
    }

    // Steps

    /** Emits a kernel for elements of a type, one thread for each or striding over them. */
    void kernel(String name, DataType type, long elements, List<@Nullable Operand> pointers, int... integers) {
        emit(launch(gpu.kernels().function(name, type), name, Launch.Grid.over(gpu, elements), pointers, integers));
    }

    /** Emits a kernel that has no type, of which a thread does one element. */
    void kernel(String name, long elements, List<@Nullable Operand> pointers, int[] integers, float... floats) {
        kernel(name, Launch.Grid.over(gpu, elements), pointers, integers, floats);
    }

    /** Emits a kernel that has no type, on a grid of its own. */
    void kernel(String name, Launch.Grid grid, List<@Nullable Operand> pointers, int[] integers, float... floats) {
        emit(launch(gpu.kernels().function(name), name, grid, pointers, integers, floats));
    }

    /** Emits a kernel for elements of a type, on a grid of its own. */
    void kernel(
            String name,
            DataType type,
            Launch.Grid grid,
            List<@Nullable Operand> pointers,
            int[] integers,
            float... floats) {
        emit(launch(gpu.kernels().function(name, type), name, grid, pointers, integers, floats));
    }

    /** Makes a kernel for the step that is emitted next, or for the executable to launch between steps. */
    Launch launch(
            CUfunc_st function,
            String name,
            Launch.Grid grid,
            List<@Nullable Operand> pointers,
            int[] integers,
            float... floats) {
        Launch launch = new Launch(gpu.checks(), name, function, grid, pointers.size(), integers, floats);
        owned.add(launch, launch::close);
        for (int i = 0; i < pointers.size(); i++) {
            Operand operand = pointers.get(i);
            if (operand != null) {
                int index = i;
                bind(operand, pointer -> launch.setPointer(index, pointer.address()));
            }
        }
        return launch;
    }

    /** Emits a kernel whose only float is the factor by which the gradients of images are multiplied, or its inverse. */
    void scaledKernel(
            String name,
            CUfunc_st function,
            Launch.Grid grid,
            List<@Nullable Operand> pointers,
            int[] integers,
            boolean inverse) {
        Launch launch = launch(function, name, grid, pointers, integers, 1);
        scaled.add(factor -> launch.setFloat(0, (float) (inverse ? 1 / factor : factor)));
        emit(launch);
    }

    private void emit(Launch launch) {
        call(() -> launch.run(gpu.streams().compute()));
    }

    /** Emits calls of a library that use operands; their addresses come by {@link #address}. */
    void call(Runnable work) {
        steps.add(new Step(layer, listener -> work.run()));
    }

    /** An operand's address for the step that is emitted next, wherever the arena is. */
    FloatPointer address(Operand operand) {
        DevicePointer address = new DevicePointer();
        bind(operand, address::moveTo);
        return address;
    }

    /** Emits the news that a parameter's gradient is complete. */
    void ready(Parameter parameter) {
        steps.add(new Step(layer, true, listener -> listener.gradientReady(parameter)));
    }

    @Override
    public void add(Operand a, Operand b, Operand target) {
        kernel("add", a.type(), a.elements(), List.of(a, b, target), (int) a.elements(), 0);
    }

    private void bind(Operand operand, Consumer<Pointer> use) {
        if (operand.place() instanceof Place.Fixed fixed) {
            use.accept(fixed.address());
        } else if (operand.place() instanceof Slot slot) {
            slot.usedAt(steps.size());
            bindings.add(arena -> use.accept(arena.at(slot.offset())));
        }
    }
}
