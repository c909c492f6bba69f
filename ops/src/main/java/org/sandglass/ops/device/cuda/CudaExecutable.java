package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.LevelImages;
import org.sandglass.ops.device.StepTime;
import org.sandglass.ops.device.plan.ArenaPlan;
import org.sandglass.ops.tensor.DataType;

/** A compiled program and its memory in the arena. Calls queue their steps on the compute stream. */
final class CudaExecutable implements Executable {
    private static final long ALIGNMENT = 256;
    private static final long NEVER = -1;

    /** A scale for samples that is seldom too much: the usual one of some 100 to 1000 for a mean over 32 to 256 comes to as much. */
    private static final double MODERATE = 16;

    private final Gpu gpu;
    private final Graph graph;
    private final CompileOptions options;
    private final Program program;
    private final Vectors vectors;
    private final Consumer<CudaExecutable> onClose;
    private final StepSequence refresh;
    private final StepSequence forward;
    private final StepSequence backward;
    private final List<Program.Binding> bindings;
    private final Ports ports;
    private final long plannedBytes;
    private int boundGeneration = -1;
    private long refreshedVersion = NEVER;
    private double sampleScale = MODERATE;
    private double gradientScale;
    private boolean forwardDone;
    private boolean closed;

    CudaExecutable(
            Gpu gpu,
            Graph graph,
            CompileOptions options,
            Program program,
            Vectors vectors,
            Consumer<CudaExecutable> onClose) {
        this.gpu = gpu;
        this.graph = graph;
        this.options = options;
        this.program = program;
        this.vectors = vectors;
        this.onClose = onClose;
        ports = new Ports(program, graph, new Compiler(graph, program).emit());
        refresh = new StepSequence(gpu, program.refreshSteps());
        forward = new StepSequence(gpu, program.forwardSteps());
        backward = new StepSequence(gpu, program.backwardSteps());
        bindings = List.copyOf(program.bindings());
        plannedBytes = ArenaPlan.place(program.slots(), ALIGNMENT);
        gpu.arena().reserve(plannedBytes);
    }

    @Override
    public CompileOptions options() {
        return options;
    }

    @Override
    public void load(FloatBuffer images, int[] labels) {
        bind();
        ports.load(images, labels);
        forwardDone = false;
    }

    @Override
    public void load(LevelImages images, int[] labels) {
        bind();
        ports.load(images, labels);
        forwardDone = false;
    }

    @Override
    public void forward() {
        bind();
        if (vectors.weights().version() != refreshedVersion) {
            refresh.run(GradientListener.NONE);
            refreshedVersion = vectors.weights().version();
        }
        forward.run(GradientListener.NONE);
        vectors.gradients().change();
        forwardDone = true;
    }

    @Override
    public void scaleSamples(double scale) {
        sampleScale = scale;
    }

    @Override
    public void backward(double lossScale, GradientListener listener) {
        checkLogits();
        checkBackward();
        scaleGradients(lossScale);
        ports.lossGradient(lossScale);
        runBackward(listener);
    }

    @Override
    public void backwardFrom(FloatBuffer gradient, GradientListener listener) {
        checkBackward();
        scaleGradients(1);
        ports.outputGradient(gradient, Program.isImage(graph.output()) ? gradientScale : 1);
        runBackward(listener);
    }

    /** In fp16 the gradients of images are multiplied by a power of two, which takes nothing from their precision. */
    private void scaleGradients(double lossScale) {
        double scale = 1;
        if (options.precision() == DataType.F16 && lossScale > 0) {
            scale = Math.scalb(1.0, Math.getExponent(sampleScale / lossScale));
        }
        if (scale != gradientScale) {
            gradientScale = scale;
            program.scaleGradients(scale);
            backward.forget();
        }
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
        backward.run(listener);
    }

    @Override
    public BatchResult result() {
        checkLogits();
        bind();
        return ports.result();
    }

    @Override
    public void output(FloatBuffer target) {
        bind();
        ports.output(target);
    }

    @Override
    public void inputGradient(FloatBuffer target) {
        if (!options.inputGradient()) {
            throw new IllegalStateException("Cannot read the input's gradient: it was not asked for");
        }
        bind();
        ports.inputGradient(target, Program.isImage(graph.input()) ? gradientScale : 1);
    }

    @Override
    public long plannedBytes() {
        return plannedBytes;
    }

    @Override
    public List<StepTime> profile(int repetitions) {
        throw new UnsupportedOperationException("Cannot time steps on "
                + gpu.checks().device() + ": use Nsight Systems, whose rows are the kernels' names");
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            onClose.accept(this);
            gpu.enter();
            forget();
            // Descriptors and arguments, which calls have read by the time they return.
            program.owned().close();
        }
    }

    private void forget() {
        for (StepSequence sequence : List.of(refresh, forward, backward)) {
            sequence.forget();
        }
    }

    private void checkLogits() {
        if (graph.output().shape().rank() != 1) {
            throw new IllegalStateException("Cannot compute a loss: the graph's output is not a vector of logits");
        }
    }

    private void bind() {
        if (closed) {
            throw new IllegalStateException("Cannot run: the executable is closed");
        }
        vectors.checkOpen();
        gpu.enter();
        if (!gpu.arena().claim(this)) {
            refreshedVersion = NEVER;
        }
        if (boundGeneration != gpu.arena().generation()) {
            bindings.forEach(binding -> binding.bind(gpu.arena().memory()));
            forget();
            boundGeneration = gpu.arena().generation();
        }
    }
}
