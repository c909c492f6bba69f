package org.sandglass.ops.device.cuda;

import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.FloatPointer;
import org.sandglass.ops.device.Operation;
import org.sandglass.ops.device.plan.Gradients;

/**
 * The fully connected layer, in fp32, by cuBLAS, whose matrices lie in columns: our rows are its columns. The weight's gradient
 * is added to the vector by the product itself.
 */
final class LinearLowering implements Lowering {
    private final Operation.Linear operation;

    LinearLowering(Operation.Linear operation) {
        this.operation = operation;
    }

    @Override
    public Runnable lower(Program program) {
        if (Program.isImage(operation.input())) {
            throw new IllegalArgumentException(
                    "Cannot compile " + operation.weight().name() + ": it needs a vector, not "
                            + operation.input().shape());
        }
        int batch = program.batch();
        int inputs = operation.weight().shape().dimension(1);
        int outputs = operation.weight().shape().dimension(0);
        Products products = new Products(program);
        Operand input = program.value(operation.input());
        Operand weight = program.weight(operation.weight());
        Operand output = program.temporary(operation.output());
        program.kernel("bias_rows", output.elements(), List.of(program.weight(operation.bias()), output), new int[] {
            batch, outputs
        });
        products.emit(true, false, outputs, batch, inputs, weight, inputs, input, inputs, true, output, outputs);
        program.define(operation.output(), output, true);
        return () -> {
            Optional<Operand> gradient =
                    program.gradients().take(operation.output()).map(Gradients.Shared::operand);
            gradient.ifPresent(taken -> {
                program.kernel(
                        "add_bias_gradient", outputs, List.of(taken, program.gradient(operation.bias())), new int[] {
                            batch, outputs
                        });
                products.emit(
                        false,
                        true,
                        inputs,
                        outputs,
                        batch,
                        input,
                        inputs,
                        taken,
                        outputs,
                        true,
                        program.gradient(operation.weight()),
                        inputs);
            });
            program.ready(operation.bias());
            program.ready(operation.weight());
            gradient.filter(taken -> program.needsGradient(operation.input())).ifPresent(taken -> {
                Operand target = program.temporary(operation.input());
                products.emit(
                        false, false, inputs, batch, outputs, weight, inputs, taken, outputs, false, target, inputs);
                program.gradients().give(operation.input(), target);
            });
        };
    }

    /** Emits products of matrices in columns: C (m × n) = op(A) (m × k) · op(B) (k × n), or added to C. */
    private static final class Products {
        private final Program program;
        private final Gpu gpu;
        private final FloatPointer one = new FloatPointer(1f);
        private final FloatPointer zero = new FloatPointer(0f);

        Products(Program program) {
            this.program = program;
            gpu = program.gpu();
            program.owned().add(one, one::close);
            program.owned().add(zero, zero::close);
        }

        void emit(
                boolean transposeA,
                boolean transposeB,
                int m,
                int n,
                int k,
                Operand a,
                int strideA,
                Operand b,
                int strideB,
                boolean adds,
                Operand c,
                int strideC) {
            FloatPointer first = program.address(a);
            FloatPointer second = program.address(b);
            FloatPointer target = program.address(c);
            program.call(() -> gpu.checks()
                    .cublas(
                            "cublasSgemm",
                            cublas.cublasSgemm_v2(
                                    gpu.cublasHandle(),
                                    transposeA ? cublas.CUBLAS_OP_T : cublas.CUBLAS_OP_N,
                                    transposeB ? cublas.CUBLAS_OP_T : cublas.CUBLAS_OP_N,
                                    m,
                                    n,
                                    k,
                                    one,
                                    first,
                                    strideA,
                                    second,
                                    strideB,
                                    adds ? one : zero,
                                    target,
                                    strideC)));
        }
    }
}
