package org.sandglass.job.bench;

import java.nio.FloatBuffer;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;

/**
 * Runs whole training steps of one network: input, forward, loss, backward, update. Not thread-safe.
 *
 * <p>The learning rate is so small that the weights hardly move: what is measured does not depend on where training is.
 */
public final class StepBench implements AutoCloseable {

    private static final SgdUpdate UPDATE = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 1e-4, 0.9, 1, 1e-4, true);

    private final StepCase step;
    private final CpuDevice device;
    private final NetworkBuffers buffers;
    private final DeviceBuffer momentum;
    private final Executable executable;
    private final Inputs inputs;

    private StepBench(StepCase step, CpuDevice device) {
        Network network = step.network();
        this.step = step;
        this.device = device;
        this.buffers = NetworkBuffers.allocate(device, network.layout());
        this.momentum = device.allocate(network.layout().weightsLength());
        initialize(network);
        CompileOptions options =
                new CompileOptions(CompileOptions.Mode.TRAINING, step.batchSize(), step.precision(), false);
        this.executable = device.compile(network.graph(), options, buffers);
        this.inputs = step.inputs();
    }

    /**
     * Compiles the network and reads the images.
     *
     * @throws JobFailure (cluster) if this processor cannot compute in the precision
     */
    public static StepBench open(StepCase step) {
        CpuDevice device = CpuDevice.open(step.threads());
        try {
            return new StepBench(step, device);
        } catch (UnsupportedOperationException e) {
            device.close();
            throw new JobFailure(ExitCode.CLUSTER, String.valueOf(e.getMessage()), e);
        } catch (RuntimeException | Error e) {
            device.close();
            throw e;
        }
    }

    /** Processor, library, threads. */
    public String device() {
        return device.description();
    }

    /** Runs steps one after another; returns the seconds that each took. */
    public double[] run(int steps) {
        double[] seconds = new double[steps];
        for (int i = 0; i < steps; i++) {
            long start = System.nanoTime();
            inputs.advance();
            executable.load(inputs.images(), inputs.labels());
            executable.forward();
            executable.result();
            executable.backward(1.0 / step.batchSize(), GradientListener.NONE);
            device.update(UPDATE, buffers, momentum, 0, momentum.elements());
            buffers.gradients().clear();
            device.synchronize();
            seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        return seconds;
    }

    /** Times every layer over so many steps. */
    public StepProfile profile(int steps) {
        inputs.advance();
        executable.load(inputs.images(), inputs.labels());
        StepProfile profile = new StepProfile(executable.profile(steps), device.matmulPeak(step.precision()));
        buffers.gradients().clear();
        return profile;
    }

    @Override
    public void close() {
        inputs.close();
        device.close();
    }

    private void initialize(Network network) {
        FloatBuffer weights =
                FloatBuffer.allocate(Math.toIntExact(buffers.weights().elements()));
        FloatBuffer statistics =
                FloatBuffer.allocate(Math.toIntExact(buffers.statistics().elements()));
        Initialization.initialize(network, 0, weights, statistics);
        buffers.weights().upload(0, weights.rewind());
        buffers.statistics().upload(0, statistics.rewind());
    }
}
