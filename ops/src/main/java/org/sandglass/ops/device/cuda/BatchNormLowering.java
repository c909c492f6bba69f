package org.sandglass.ops.device.cuda;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.device.plan.Gradients;
import org.sandglass.ops.tensor.DataType;

/**
 * Batch norm, with the addition that alone reads it and the ReLU that alone reads that, where there are any. Backward finds
 * out from the input where the ReLU was shut, and from the output where something was added.
 */
final class BatchNormLowering implements Lowering {
    private static final int CHANNELS = Kernels.constant("CHANNELS");
    private static final int LANES = Kernels.constant("LANES");
    private static final int LEAST_ROWS = 64;
    private static final int MOST_BLOCKS = 2048;

    private final Operation.BatchNorm operation;
    private final @Nullable Value shortcut;
    private final Value output;
    private final boolean relu;

    /**
     * @param shortcut what is added to the batch norm's output, if anything
     * @param output of the last of the operations
     */
    BatchNormLowering(Operation.BatchNorm operation, @Nullable Value shortcut, Value output, boolean relu) {
        this.operation = operation;
        this.shortcut = shortcut;
        this.output = output;
        this.relu = relu;
    }

    private DataType type(Program program) {
        return program.type(operation.input());
    }

    private int channels() {
        return operation.statistics().channels();
    }

    private @Nullable Operand shortcut(Program program) {
        return shortcut == null ? null : program.value(shortcut);
    }

    @Override
    public Runnable lower(Program program) {
        return program.training() ? train(program) : evaluate(program);
    }

    private Runnable evaluate(Program program) {
        Operand inverse = program.temporary(channels(), DataType.F32);
        program.kernel(
                "norm_inverse",
                channels(),
                Arrays.asList(program.runningVariance(operation.statistics()), inverse),
                new int[] {channels()},
                (float) operation.epsilon());
        apply(program, program.runningMean(operation.statistics()), inverse, program.inPlaceOf(operation.input()));
        return () -> {};
    }

    private void apply(Program program, Operand mean, Operand inverse, Operand target) {
        int count = program.elements(operation.input());
        program.kernel(
                "norm_apply",
                type(program),
                count,
                Arrays.asList(
                        program.value(operation.input()),
                        mean,
                        inverse,
                        program.weight(operation.scale()),
                        program.weight(operation.shift()),
                        shortcut(program),
                        target),
                count,
                channels(),
                relu ? 1 : 0);
        program.define(output, target, !(relu && shortcut != null));
    }

    /** How rows, pixels of all samples, are divided among blocks. */
    private record Division(int rows, int chunkRows, int chunks, int tiles) {

        static Division of(int rows, int channels) {
            int tiles = (channels + CHANNELS - 1) / CHANNELS;
            int most = Math.max(1, MOST_BLOCKS / tiles);
            int chunkRows = Math.max(LEAST_ROWS, (rows + most - 1) / most);
            int chunks = (rows + chunkRows - 1) / chunkRows;
            return new Division(rows, chunkRows, chunks, tiles);
        }

        Launch.Grid ofChunks() {
            return new Launch.Grid(tiles, chunks, CHANNELS, LANES);
        }

        /** For what puts the chunks together. */
        Launch.Grid whole() {
            return new Launch.Grid(tiles, 1, CHANNELS, LANES);
        }
    }

    private Runnable train(Program program) {
        Division division = Division.of(program.elements(operation.input()) / channels(), channels());
        Operand mean = program.temporary(channels(), DataType.F32);
        Operand inverse = program.temporary(channels(), DataType.F32);
        Operand sums = program.temporary(2L * division.chunks() * channels(), DataType.F32);
        Operand input = program.value(operation.input());
        program.kernel("norm_moments", type(program), division.ofChunks(), Arrays.asList(input, sums), new int[] {
            division.rows(), channels(), division.chunkRows()
        });
        program.kernel(
                "norm_statistics",
                division.whole(),
                Arrays.asList(
                        sums,
                        mean,
                        inverse,
                        program.meanSum(operation.statistics()),
                        program.varianceSum(operation.statistics())),
                new int[] {division.rows(), channels(), division.chunkRows()},
                (float) operation.epsilon());
        Operand target = program.temporary(operation.input());
        apply(program, mean, inverse, target);
        return () -> program.gradients()
                .take(output)
                .ifPresent(taken -> new Backward(program, division, input, target, mean, inverse).emit(taken));
    }

    /** Emits the gradients. */
    private final class Backward {
        private final Program program;
        private final Division division;
        private final Operand input;
        private final @Nullable Operand mask;
        private final Operand mean;
        private final Operand inverse;
        private final Operand scale;
        private final Operand shift;

        Backward(Program program, Division division, Operand input, Operand result, Operand mean, Operand inverse) {
            this.program = program;
            this.division = division;
            this.input = input;
            this.mask = relu && shortcut != null ? result : null;
            this.mean = mean;
            this.inverse = inverse;
            this.scale = program.weight(operation.scale());
            this.shift = program.weight(operation.shift());
        }

        void emit(Gradients.Shared<Operand> taken) {
            Operand gradient = taken.operand();
            Operand sums = program.temporary(2L * division.chunks() * channels(), DataType.F32);
            Operand totals = program.temporary(2L * channels(), DataType.F32);
            program.kernel(
                    "norm_gradient_sums",
                    type(program),
                    division.ofChunks(),
                    Arrays.asList(gradient, input, mask, mean, inverse, scale, shift, sums),
                    new int[] {division.rows(), channels(), division.chunkRows(), relu ? 1 : 0});
            String name = "norm_parameter_gradients";
            var pointers = Arrays.<@Nullable Operand>asList(
                    sums, totals, program.gradient(operation.scale()), program.gradient(operation.shift()));
            int[] integers = {division.chunks(), channels()};
            if (Program.isImage(operation.input())) {
                program.scaledKernel(
                        name, program.gpu().kernels().function(name), division.whole(), pointers, integers, true);
            } else {
                program.kernel(name, division.whole(), pointers, integers, 1);
            }
            boolean both = shortcut != null && program.needsGradient(shortcut);
            // What passes the addition unchanged is the shortcut's gradient already, and not to be overwritten.
            boolean passes = both && !relu;
            Operand target = passes ? program.like(gradient) : taken.target(program);
            @Nullable Operand branch = both && relu ? program.like(gradient) : null;
            program.kernel(
                    "norm_input_gradient",
                    type(program),
                    gradient.elements(),
                    Arrays.asList(gradient, input, mask, mean, inverse, scale, shift, totals, target, branch),
                    division.rows(),
                    channels(),
                    relu ? 1 : 0);
            program.gradients().give(operation.input(), target);
            if (shortcut != null && branch != null) {
                program.gradients().give(shortcut, branch);
            } else if (shortcut != null && passes) {
                program.gradients().give(shortcut, taken);
            }
        }
    }
}
