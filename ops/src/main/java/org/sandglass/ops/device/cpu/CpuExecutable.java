package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.StepTime;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.ArenaPlan;
import org.sandglass.ops.device.plan.Natives;

/** A compiled program and its memory in the arena. Steps run at once, on the calling thread and OpenMP's. */
final class CpuExecutable implements Executable {
    private static final long ALIGNMENT = 64;

    private final CompileOptions options;
    private final Natives natives;
    private final Arena arena;
    private final Runnable enter;
    private final CpuBuffer weights;
    private final Consumer<CpuExecutable> onClose;
    private final Step[] refresh;
    private final Step[] forward;
    private final Step[] backward;
    private final long plannedBytes;
    private final List<Program.Binding> bindings;
    private final View input;
    private final View output;
    private final View outputGradient;
    private final View inputGradient;
    private final boolean logits;
    private final SoftmaxCrossEntropy loss;
    private final int[] labels;
    private int boundGeneration = -1;
    private long refreshedVersion = CpuBuffer.UNKNOWN;
    private boolean forwardDone;
    private boolean closed;

    /** @param enter what to do first whenever the library is about to be called */
    CpuExecutable(
            Graph graph,
            CompileOptions options,
            Program program,
            Natives natives,
            Arena arena,
            Runnable enter,
            CpuBuffer weights,
            Consumer<CpuExecutable> onClose) {
        this.options = options;
        this.natives = natives;
        this.arena = arena;
        this.enter = enter;
        this.weights = weights;
        this.onClose = onClose;
        Compiler.Ends ends = new Compiler(graph, program.consumers()).emit(program);
        input = program.view(ends.input(), elements(graph.input()));
        output = program.view(ends.output(), elements(graph.output()));
        outputGradient = program.view(ends.outputGradient(), elements(graph.output()));
        inputGradient = program.view(ends.inputGradient(), elements(graph.input()));
        logits = graph.output().shape().rank() == 1;
        loss = new SoftmaxCrossEntropy(logits ? graph.output().shape().dimension(0) : 1);
        labels = new int[options.batchSize()];
        Arrays.fill(labels, -1);
        refresh = program.refreshSteps().toArray(Step[]::new);
        forward = program.forwardSteps().toArray(Step[]::new);
        backward = program.backwardSteps().toArray(Step[]::new);
        bindings = List.copyOf(program.bindings());
        plannedBytes = ArenaPlan.place(program.slots(), ALIGNMENT);
        arena.reserve(plannedBytes);
    }

    private long elements(Value value) {
        return value.shape().elements() * options.batchSize();
    }

    @Override
    public CompileOptions options() {
        return options;
    }

    @Override
    public void load(FloatBuffer images, int[] newLabels) {
        if (newLabels.length != labels.length) {
            throw new IllegalArgumentException(
                    "Cannot load: " + newLabels.length + " labels for a batch of " + labels.length);
        }
        for (int label : newLabels) {
            if (logits && label >= loss.classes()) {
                throw new IllegalArgumentException(
                        "Cannot load: label " + label + " of " + loss.classes() + " classes");
            }
        }
        bind();
        copyAll("images", images, input.floats());
        System.arraycopy(newLabels, 0, labels, 0, labels.length);
        forwardDone = false;
    }

    @Override
    public void forward() {
        bind();
        refreshWeights();
        for (Step step : forward) {
            step.work().run(GradientListener.NONE);
        }
        forwardDone = true;
    }

    private void refreshWeights() {
        long version = weights.version();
        if (version == CpuBuffer.UNKNOWN || version != refreshedVersion) {
            for (Step step : refresh) {
                step.work().run(GradientListener.NONE);
            }
            refreshedVersion = version;
        }
    }

    @Override
    public void backward(double lossScale, GradientListener listener) {
        checkLogits();
        checkBackward();
        loss.gradient(output.floats(), labels, lossScale, outputGradient.floats());
        runBackward(listener);
    }

    @Override
    public void backwardFrom(FloatBuffer gradient, GradientListener listener) {
        checkBackward();
        copyAll("output gradient", gradient, outputGradient.floats());
        runBackward(listener);
    }

    private void checkBackward() {
        if (options.mode() != CompileOptions.Mode.TRAINING) {
            throw new IllegalStateException("Cannot run backward: compiled for evaluation");
        }
        if (!forwardDone) {
            throw new IllegalStateException(
                    "Cannot run backward: it needs a forward of its own, whose values it overwrites");
        }
        bind();
    }

    private void runBackward(GradientListener listener) {
        forwardDone = false;
        for (Step step : backward) {
            step.work().run(listener);
        }
    }

    @Override
    public BatchResult result() {
        checkLogits();
        bind();
        return loss.result(output.floats(), labels);
    }

    @Override
    public void output(FloatBuffer target) {
        bind();
        fill("output", target, output.floats());
    }

    @Override
    public void inputGradient(FloatBuffer target) {
        if (!options.inputGradient()) {
            throw new IllegalStateException("Cannot read the input's gradient: it was not asked for");
        }
        bind();
        fill("input gradient", target, inputGradient.floats());
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            natives.close();
            onClose.accept(this);
        }
    }

    @Override
    public long plannedBytes() {
        return plannedBytes;
    }

    @Override
    public List<StepTime> profile(int repetitions) {
        boolean training = options.mode() == CompileOptions.Mode.TRAINING;
        StepClock clock = new StepClock(repetitions);
        for (int i = 0; i < repetitions; i++) {
            bind();
            clock.time(StepTime.Phase.FORWARD, refresh);
            clock.time(StepTime.Phase.FORWARD, forward);
            if (training && logits) {
                loss.gradient(output.floats(), labels, 0, outputGradient.floats());
            }
            if (training) {
                clock.time(StepTime.Phase.BACKWARD, backward);
            }
        }
        forwardDone = false;
        return clock.times();
    }

    private void checkLogits() {
        if (!logits) {
            throw new IllegalStateException("Cannot compute a loss: the graph's output is not a vector of logits");
        }
    }

    private void bind() {
        if (closed) {
            throw new IllegalStateException("Cannot run: the executable is closed");
        }
        enter.run();
        if (!arena.claim(this)) {
            refreshedVersion = CpuBuffer.UNKNOWN;
        }
        if (boundGeneration != arena.generation()) {
            bindings.forEach(binding -> binding.bind(arena.block()));
            boundGeneration = arena.generation();
        }
    }

    private static void copyAll(String what, FloatBuffer source, FloatBuffer target) {
        if (source.remaining() != target.capacity()) {
            throw new IllegalArgumentException(
                    "Cannot load " + what + ": " + source.remaining() + " elements instead of " + target.capacity());
        }
        target.put(0, source, source.position(), source.remaining());
    }

    private static void fill(String what, FloatBuffer target, FloatBuffer source) {
        if (target.remaining() < source.capacity()) {
            throw new IllegalArgumentException("Cannot copy " + what + ": room for " + target.remaining()
                    + " elements instead of " + source.capacity());
        }
        target.put(target.position(), source, 0, source.capacity());
    }
}
