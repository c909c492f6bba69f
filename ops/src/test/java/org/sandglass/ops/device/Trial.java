package org.sandglass.ops.device;

import java.nio.FloatBuffer;
import org.sandglass.ops.tensor.DataType;

/** Runs a case on a device, once, from fresh buffers, and collects all that comes out. */
final class Trial {

    private Trial() {}

    /** One training pass: from the loss for graphs that end in logits, else from a given output gradient. */
    static Tensors train(Device device, TrialData data, DataType precision) {
        ContractCase contract = data.contract();
        CompileOptions options =
                new CompileOptions(CompileOptions.Mode.TRAINING, contract.batchSize(), precision, true);
        Tensors results = new Tensors();
        try (NetworkBuffers buffers = data.upload(device);
                Executable executable = device.compile(contract.graph(), options, buffers)) {
            executable.load(data.images(), data.labelArray());
            executable.forward();
            results.put("output", output(executable, data));
            if (contract.endsInLogits()) {
                BatchResult result = executable.result();
                results.put(
                        "result",
                        FloatBuffer.wrap(new float[] {(float) result.lossSum(), result.top1(), result.top5()}));
                executable.backward(lossScale(data), GradientListener.NONE);
            } else {
                executable.backwardFrom(data.outputGradient(), GradientListener.NONE);
            }
            FloatBuffer inputGradient = FloatBuffer.allocate(data.images().capacity());
            executable.inputGradient(inputGradient);
            results.put("input gradient", inputGradient.rewind());
            results.putGradients(data.layout(), download(buffers.gradients()));
        }
        return results;
    }

    /** The output of evaluation mode, and the gradient vector, which is none of evaluation's business. */
    static Tensors evaluate(Device device, TrialData data, DataType precision) {
        ContractCase contract = data.contract();
        Tensors results = new Tensors();
        try (NetworkBuffers buffers = data.upload(device);
                Executable executable = device.compile(
                        contract.graph(), CompileOptions.evaluation(contract.batchSize(), precision), buffers)) {
            executable.load(data.images(), data.labelArray());
            executable.forward();
            results.put("output", output(executable, data));
            results.put("gradients", download(buffers.gradients()));
            results.put("statistics", download(buffers.statistics()));
        }
        return results;
    }

    static double lossScale(TrialData data) {
        return 1.0 / data.contract().batchSize();
    }

    static FloatBuffer output(Executable executable, TrialData data) {
        FloatBuffer output = FloatBuffer.allocate(data.outputGradient().capacity());
        executable.output(output);
        return output.rewind();
    }

    static FloatBuffer download(DeviceBuffer buffer) {
        FloatBuffer target = FloatBuffer.allocate((int) buffer.elements());
        buffer.download(0, target);
        return target;
    }
}
