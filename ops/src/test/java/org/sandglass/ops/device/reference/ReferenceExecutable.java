package org.sandglass.ops.device.reference;

import java.nio.FloatBuffer;
import java.util.List;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.StepTime;

/** A graph, operation after operation. */
public final class ReferenceExecutable implements Executable {
    private final Graph graph;
    private final CompileOptions options;
    private final List<Kernel> kernels;
    private final Tape tape;
    private int[] labels = {};

    ReferenceExecutable(Graph graph, CompileOptions options, NetworkBuffers buffers) {
        this.graph = graph;
        this.options = options;
        kernels = graph.operations().stream().map(Kernel::of).toList();
        tape = new Tape(graph, options.batchSize(), buffers);
    }

    @Override
    public CompileOptions options() {
        return options;
    }

    @Override
    public void load(FloatBuffer images, int[] newLabels) {
        if (newLabels.length != options.batchSize()) {
            throw new IllegalArgumentException(
                    "Cannot load: " + newLabels.length + " labels for a batch of " + options.batchSize());
        }
        copy(images, tape.value(graph.input()));
        labels = newLabels.clone();
    }

    @Override
    public void forward() {
        kernels.forEach(kernel -> kernel.forward(tape, options.mode() == CompileOptions.Mode.TRAINING));
    }

    @Override
    public void backward(double lossScale, GradientListener listener) {
        tape.clearGradients();
        loss().backward(lossScale, tape.gradient(graph.output()));
        backward(listener);
    }

    @Override
    public void backwardFrom(FloatBuffer outputGradient, GradientListener listener) {
        tape.clearGradients();
        copy(outputGradient, tape.gradient(graph.output()));
        backward(listener);
    }

    private void backward(GradientListener listener) {
        if (options.mode() == CompileOptions.Mode.EVALUATION) {
            throw new IllegalStateException("Cannot run backward: compiled for evaluation");
        }
        for (int i = kernels.size() - 1; i >= 0; i--) {
            kernels.get(i).backward(tape);
            Operation operation = graph.operations().get(i);
            if (operation instanceof Operation.Convolution convolution) {
                listener.gradientReady(convolution.weight());
            } else if (operation instanceof Operation.BatchNorm norm) {
                listener.gradientReady(norm.shift());
                listener.gradientReady(norm.scale());
            } else if (operation instanceof Operation.Linear linear) {
                listener.gradientReady(linear.bias());
                listener.gradientReady(linear.weight());
            }
        }
    }

    @Override
    public BatchResult result() {
        return loss().result();
    }

    private SoftmaxCrossEntropy loss() {
        return new SoftmaxCrossEntropy(tape.value(graph.output()), labels);
    }

    @Override
    public void output(FloatBuffer target) {
        copy(tape.value(graph.output()), target);
    }

    /** The output of the last forward, unrounded. */
    public double[] output() {
        return tape.value(graph.output()).clone();
    }

    @Override
    public void inputGradient(FloatBuffer target) {
        if (!options.inputGradient()) {
            throw new IllegalStateException("Cannot copy the input's gradient: it was not asked for");
        }
        copy(tape.gradient(graph.input()), target);
    }

    /**
     * How far the last forward stayed from every point without a derivative, so that a test can choose inputs at which
     * rounding, or a finite difference, changes no ReLU's side and no maximum's place.
     */
    public double kinkDistance() {
        return kernels.stream()
                .mapToDouble(kernel -> kernel.kinkDistance(tape))
                .min()
                .orElseThrow();
    }

    @Override
    public long plannedBytes() {
        return 0;
    }

    @Override
    public List<StepTime> profile(int repetitions) {
        throw new UnsupportedOperationException("Cannot profile: the oracle's times mean nothing");
    }

    @Override
    public void close() {}

    private static void copy(FloatBuffer source, double[] target) {
        FloatBuffer view = source.slice();
        for (int i = 0; i < target.length; i++) {
            target[i] = view.get(i);
        }
    }

    private static void copy(double[] source, FloatBuffer target) {
        FloatBuffer view = target.slice();
        for (int i = 0; i < source.length; i++) {
            view.put(i, (float) source[i]);
        }
    }
}
