package org.sandglass.ops.device.cpu;

import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.DataType;

/**
 * Times whole training steps, load to update, on made-up images: {@code StepBenchmark MODEL BATCH THREADS STEPS [F32|BF16]}.
 *
 * <p>Prints milliseconds of the fastest step by the wall clock, and of the calling thread's processor time, which with one
 * thread is what a step costs on a machine that others use too. {@code ONEDNN_VERBOSE=profile_exec} shows the primitives.
 */
final class StepBenchmark {

    private StepBenchmark() {}

    public static void main(String[] arguments) {
        String model = arguments[0];
        int batch = Integer.parseInt(arguments[1]);
        int threads = Integer.parseInt(arguments[2]);
        int steps = Integer.parseInt(arguments[3]);
        DataType precision = arguments.length > 4 ? DataType.valueOf(arguments[4]) : DataType.F32;
        boolean cifar = model.startsWith("cifar");
        Network network = ResNet.of(model, cifar ? 10 : 1000, cifar ? 32 : 224, true);
        try (CpuDevice device = CpuDevice.open(threads)) {
            System.out.println(device.description());
            NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
            Initialization.initialize(
                    network,
                    0,
                    buffers.weights().hostView().orElseThrow(),
                    buffers.statistics().hostView().orElseThrow());
            long start = System.nanoTime();
            Executable executable = device.compile(network.graph(), CompileOptions.training(batch, precision), buffers);
            System.out.printf(Locale.ROOT, "compiled in %.0f ms%n", (System.nanoTime() - start) / 1e6);
            time(device, network, buffers, executable, steps);
        }
    }

    private static void time(
            CpuDevice device, Network network, NetworkBuffers buffers, Executable executable, int steps) {
        int batch = executable.options().batchSize();
        FloatBuffer images =
                FloatBuffer.allocate((int) (batch * network.inputShape().elements()));
        Random random = new Random(0);
        for (int i = 0; i < images.capacity(); i++) {
            images.put(i, (float) random.nextGaussian());
        }
        int[] labels = random.ints(batch, 0, network.classes()).toArray();
        DeviceBuffer momentum = device.allocate(network.layout().weightsLength());
        SgdUpdate update = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 0.01, 0.9, 1, 1e-4, true);
        double[] wall = new double[steps];
        double[] processor = new double[steps];
        for (int i = 0; i < steps; i++) {
            long wallStart = System.nanoTime();
            long processorStart = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            executable.load(images, labels);
            executable.forward();
            executable.backward(1.0 / batch, GradientListener.NONE);
            device.update(update, buffers, momentum, 0, network.layout().weightsLength());
            buffers.gradients().clear();
            wall[i] = (System.nanoTime() - wallStart) / 1e6;
            processor[i] = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - processorStart) / 1e6;
        }
        report("wall clock", wall, batch);
        report("thread's processor time", processor, batch);
    }

    private static void report(String clock, double[] milliseconds, int batch) {
        Arrays.sort(milliseconds);
        double best = milliseconds[0];
        double median = milliseconds[milliseconds.length / 2];
        System.out.printf(
                Locale.ROOT,
                "%s: best %.1f ms = %.1f images/s, median %.1f ms%n",
                clock,
                best,
                batch / best * 1e3,
                median);
    }
}
