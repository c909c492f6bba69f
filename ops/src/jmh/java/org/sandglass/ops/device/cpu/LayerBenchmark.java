package org.sandglass.ops.device.cpu;

import java.nio.FloatBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.Value;
import org.sandglass.ops.tensor.DataType;
import org.sandglass.ops.tensor.Shape;

/** Layers of ResNet-50's second stage between two convolutions that set the layout, forward and backward. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LayerBenchmark {

    private static final int CHANNELS = 64;
    private static final int SIDE = 56;
    private static final int SAMPLES = 16;

    /** What stands between the convolutions: compare with {@code nothing}. */
    @Param({"nothing", "convolution", "batchNormRelu", "batchNormAddRelu"})
    String layer = "nothing";

    @Param({"F32"})
    DataType precision = DataType.F32;

    private CpuDevice device;
    private Executable executable;
    private FloatBuffer gradient;

    @Setup
    public void open() {
        Graph.Builder builder = new Graph.Builder(Shape.of(CHANNELS, SIDE, SIDE));
        Value first = builder.convolution("first", builder.input(), CHANNELS, 1, 1, 0);
        Value middle =
                switch (layer) {
                    case "convolution" -> builder.convolution("middle", first, CHANNELS, 3, 1, 1);
                    case "batchNormRelu" -> builder.relu(builder.batchNorm("norm", first));
                    case "batchNormAddRelu" -> builder.relu(builder.add(builder.batchNorm("norm", first), first));
                    default -> first;
                };
        builder.convolution("last", middle, CHANNELS, 1, 1, 0);
        Graph graph = builder.build();
        device = CpuDevice.open(1);
        NetworkBuffers buffers = NetworkBuffers.allocate(device, new FlatLayout(graph));
        executable = device.compile(graph, CompileOptions.training(SAMPLES, precision), buffers);
        executable.load(FloatBuffer.allocate(SAMPLES * CHANNELS * SIDE * SIDE), new int[SAMPLES]);
        gradient = FloatBuffer.allocate(SAMPLES * CHANNELS * SIDE * SIDE);
    }

    @Benchmark
    public void forwardAndBackward() {
        executable.forward();
        executable.backwardFrom(gradient, GradientListener.NONE);
    }

    @TearDown
    public void close() {
        device.close();
    }
}
