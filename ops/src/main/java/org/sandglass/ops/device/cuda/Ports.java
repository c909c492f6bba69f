package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Place.Slot;
import org.sandglass.ops.tensor.DataType;

/** Where an executable meets the host: input and labels, output and its gradient, losses. */
final class Ports {
    private static final int LOSS_THREADS = 128;
    private static final int TOP = 5;

    private final Gpu gpu;
    private final int batch;
    private final int classes;
    private final int inputElements;
    private final int outputElements;
    private final boolean logits;
    private final Operand planes;
    private final Operand results;
    private final Pointer labels;
    private final Launch loadImage;
    private final Launch loadOutputGradient;
    private final Launch readOutput;
    private final Launch readInputGradient;
    private final Launch loss;
    private final Launch lossGradient;
    private final FloatBuffer resultsRead;

    /** Adds what the ports need to a program that is complete. */
    Ports(Program program, Graph graph, Compiler.Ends ends) {
        gpu = program.gpu();
        batch = program.batch();
        inputElements = program.elements(graph.input());
        outputElements = program.elements(graph.output());
        logits = !Program.isImage(graph.output());
        classes = graph.output().shape().dimension(0);
        Operand labelArray = Program.pinned(program.temporary(batch, DataType.F32));
        labels = program.address(labelArray);
        planes = Program.pinned(program.temporary(Math.max(inputElements, outputElements), DataType.F32));
        results = Program.pinned(program.temporary(2L * batch, DataType.F32));
        loadImage = convert(program, "image_from_planes", graph.input(), planes, ends.input());
        loadOutputGradient = convert(program, "image_from_planes", graph.output(), planes, ends.outputGradient());
        readOutput = convert(program, "planes_from_image", graph.output(), ends.output(), planes);
        readInputGradient = convert(program, "planes_from_image", graph.input(), ends.inputGradient(), planes);
        Launch.Grid rows = new Launch.Grid(batch, 1, LOSS_THREADS, 1);
        loss = program.launch(
                gpu.kernels().function("softmax_loss"),
                "softmax_loss",
                rows,
                List.of(ends.output(), labelArray, results),
                new int[] {batch, classes});
        lossGradient = program.launch(
                gpu.kernels().function("softmax_gradient"),
                "softmax_gradient",
                rows,
                List.of(ends.output(), labelArray, ends.outputGradient()),
                new int[] {classes},
                0);
        resultsRead = FloatBuffer.allocate(2 * batch);
    }

    /** A vector is an image of one pixel. */
    private static Launch convert(Program program, String kernel, Value value, Operand from, Operand to) {
        int channels = value.shape().dimension(0);
        int pixels = Math.toIntExact(value.shape().elements() / channels);
        return program.launch(
                program.gpu().kernels().function(kernel, program.type(value)),
                kernel,
                Launch.Grid.over(program.gpu(), program.elements(value)),
                List.of(from, to),
                new int[] {program.batch(), channels, pixels},
                1);
    }

    void load(FloatBuffer images, int[] newLabels) {
        check("images", images, inputElements);
        if (newLabels.length != batch) {
            throw new IllegalArgumentException("Cannot load: " + newLabels.length + " labels for a batch of " + batch);
        }
        for (int label : newLabels) {
            if (logits && label >= classes) {
                throw new IllegalArgumentException("Cannot load: label " + label + " of " + classes + " classes");
            }
        }
        Inputs.Slot slot = gpu.inputs().load(images, newLabels);
        loadImage.setPointer(0, slot.device().address(0));
        loadImage.run(gpu.streams().compute());
        gpu.copies()
                .copy(
                        gpu.streams().compute(),
                        labels,
                        slot.device().at((long) inputElements * Float.BYTES),
                        (long) batch * Integer.BYTES,
                        cudart.cudaMemcpyDeviceToDevice);
        slot.release();
    }

    /** Queues the gradient of {@code scale} times the sum of the losses. */
    void lossGradient(double scale) {
        lossGradient.setFloat(0, (float) scale);
        lossGradient.run(gpu.streams().compute());
    }

    /** Takes the output's gradient from the host, times a factor. */
    void outputGradient(FloatBuffer gradient, double factor) {
        check("output gradient", gradient, outputElements);
        gpu.copies().upload(gpu.arena().memory(), offset(planes), gradient);
        loadOutputGradient.setFloat(0, (float) factor);
        loadOutputGradient.run(gpu.streams().compute());
    }

    BatchResult result() {
        loss.run(gpu.streams().compute());
        gpu.copies().download(gpu.arena().memory(), offset(results), resultsRead);
        double sum = 0;
        int top1 = 0;
        int topFive = 0;
        for (int sample = 0; sample < batch; sample++) {
            sum += resultsRead.get(sample);
            float rank = resultsRead.get(batch + sample);
            top1 += rank >= 0 && rank < 1 ? 1 : 0;
            topFive += rank >= 0 && rank < TOP ? 1 : 0;
        }
        return new BatchResult(sum, top1, topFive);
    }

    void output(FloatBuffer target) {
        read("output", readOutput, outputElements, target);
    }

    /** Copies the input's gradient, which was multiplied by a factor on the way. */
    void inputGradient(FloatBuffer target, double factor) {
        readInputGradient.setFloat(0, (float) (1 / factor));
        read("input gradient", readInputGradient, inputElements, target);
    }

    private void read(String what, Launch kernel, int elements, FloatBuffer target) {
        if (target.remaining() < elements) {
            throw new IllegalArgumentException(
                    "Cannot copy " + what + ": room for " + target.remaining() + " elements instead of " + elements);
        }
        kernel.run(gpu.streams().compute());
        gpu.copies()
                .download(
                        gpu.arena().memory(), offset(planes), target.duplicate().limit(target.position() + elements));
    }

    private static void check(String what, FloatBuffer source, int elements) {
        if (source.remaining() != elements) {
            throw new IllegalArgumentException(
                    "Cannot load " + what + ": " + source.remaining() + " elements instead of " + elements);
        }
    }

    private static long offset(Operand operand) {
        return ((Slot) operand.place()).offset();
    }
}
