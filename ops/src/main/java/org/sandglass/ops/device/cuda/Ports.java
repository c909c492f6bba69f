package org.sandglass.ops.device.cuda;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.LevelImages;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Place.Slot;
import org.sandglass.ops.tensor.DataType;
import org.sandglass.ops.tensor.Shape;

/** Where an executable meets the host: input and labels, output and its gradient, losses. */
final class Ports {
    private static final int LOSS_THREADS = Kernels.constant("ROW_THREADS");
    private static final int TOP = 5;

    /** Of what {@link #loadLevels} reads: levels, numbers, shifts, what is mirrored. */
    private static final int LEVEL_ARRAYS = 4;

    /** Parts of an input lie at multiples of it. */
    private static final long ALIGNMENT = 16;

    private final Gpu gpu;
    private final int batch;
    private final int classes;
    private final int inputElements;
    private final Shape inputShape;
    private final int outputElements;
    private final boolean logits;
    private final Operand planes;
    private final Operand results;
    private final Pointer labels;
    private final Launch loadImage;
    private final Launch loadLevels;
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
        inputShape = graph.input().shape();
        outputElements = program.elements(graph.output());
        logits = !Program.isImage(graph.output());
        classes = graph.output().shape().dimension(0);
        Operand labelArray = Program.pinned(program.temporary(batch, DataType.F32));
        labels = program.address(labelArray);
        planes = Program.pinned(program.temporary(Math.max(inputElements, outputElements), DataType.F32));
        results = Program.pinned(program.temporary(2L * batch, DataType.F32));
        loadImage = convert(program, "image_from_planes", graph.input(), planes, ends.input());
        loadLevels = levels(program, graph.input(), ends.input());
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

    /** An image from arrays that are not in the arena: their addresses are set for each. */
    private static Launch levels(Program program, Value input, Operand to) {
        Shape shape = input.shape();
        boolean isImage = Program.isImage(input);
        List<@Nullable Operand> pointers = new ArrayList<>(Collections.nCopies(LEVEL_ARRAYS, null));
        pointers.add(to);
        return program.launch(
                program.gpu().kernels().function("image_from_levels", program.type(input)),
                "image_from_levels",
                Launch.Grid.over(program.gpu(), program.elements(input)),
                pointers,
                new int[] {
                    program.batch(),
                    shape.dimension(0),
                    isImage ? shape.dimension(1) : 1,
                    isImage ? shape.dimension(2) : 1
                });
    }

    void load(FloatBuffer images, int[] newLabels) {
        check("images", images, inputElements);
        checkLabels(newLabels);
        long labelsAt = (long) inputElements * Float.BYTES;
        Inputs.Slot slot = gpu.inputs().load(labelsAt + (long) batch * Integer.BYTES, pinned -> {
            pinned.asFloatBuffer().put(0, images, images.position(), images.remaining());
            from(pinned, labelsAt).asIntBuffer().put(newLabels);
        });
        loadImage.setPointer(0, slot.device().address(0));
        loadImage.run(gpu.streams().compute());
        takeLabels(slot, labelsAt);
    }

    void load(LevelImages images, int[] newLabels) {
        if (images.count() != batch || !images.shape().equals(inputShape)) {
            throw new IllegalArgumentException("Cannot load images: " + images.count() + " of " + images.shape()
                    + " instead of " + batch + " of " + inputShape);
        }
        checkLabels(newLabels);
        int channels = inputShape.dimension(0);
        long numbersAt = aligned(inputElements);
        long shiftsAt = aligned(numbersAt + (long) images.numbers().length * Float.BYTES);
        long mirroredAt = aligned(shiftsAt + (long) batch * channels * Float.BYTES);
        long labelsAt = aligned(mirroredAt + batch);
        Inputs.Slot slot = gpu.inputs().load(labelsAt + (long) batch * Integer.BYTES, pinned -> {
            pinned.put(0, images.levels(), 0, inputElements);
            from(pinned, numbersAt).asFloatBuffer().put(images.numbers());
            from(pinned, shiftsAt).asFloatBuffer().put(images.shifts(), 0, batch * channels);
            for (int i = 0; i < batch; i++) {
                pinned.put((int) mirroredAt + i, (byte) (images.mirrored()[i] ? 1 : 0));
            }
            from(pinned, labelsAt).asIntBuffer().put(newLabels);
        });
        long[] at = {0, numbersAt, shiftsAt, mirroredAt};
        for (int i = 0; i < LEVEL_ARRAYS; i++) {
            loadLevels.setPointer(i, slot.device().address(at[i]));
        }
        loadLevels.run(gpu.streams().compute());
        takeLabels(slot, labelsAt);
    }

    private static long aligned(long bytes) {
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private static ByteBuffer from(ByteBuffer memory, long offset) {
        return memory.duplicate().position((int) offset).slice().order(memory.order());
    }

    private void checkLabels(int[] newLabels) {
        if (newLabels.length != batch) {
            throw new IllegalArgumentException("Cannot load: " + newLabels.length + " labels for a batch of " + batch);
        }
        for (int label : newLabels) {
            if (logits && label >= classes) {
                throw new IllegalArgumentException("Cannot load: label " + label + " of " + classes + " classes");
            }
        }
    }

    private void takeLabels(Inputs.Slot slot, long labelsAt) {
        gpu.copies()
                .copy(
                        gpu.streams().compute(),
                        labels,
                        slot.device().at(labelsAt),
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
