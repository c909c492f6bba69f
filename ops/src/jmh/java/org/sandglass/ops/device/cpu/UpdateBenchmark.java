package org.sandglass.ops.device.cpu;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;

/** Decay, momentum and update of all of ResNet-50's weights, on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class UpdateBenchmark {

    private static final SgdUpdate UPDATE =
            new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 0.1, 0.9, 1, 1e-4, true);

    private CpuDevice device;
    private NetworkBuffers buffers;
    private DeviceBuffer momentum;

    @Setup
    public void open() {
        Network network = ResNet.of("resnet50", 1000, 224, true);
        device = CpuDevice.open(1);
        buffers = NetworkBuffers.allocate(device, network.layout());
        momentum = device.allocate(network.layout().weightsLength());
    }

    @Benchmark
    public void update() {
        device.update(UPDATE, buffers, momentum, 0, momentum.elements());
    }

    @TearDown
    public void close() {
        device.close();
    }
}
