package org.sandglass.ops.device.cuda;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.DeviceKind;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.tensor.DataType;

/**
 * An NVIDIA GPU, on cuDNN, cuBLAS and kernels of our own that NVRTC compiles when the device is opened: fp32, bf16, or fp16
 * whose image gradients are scaled up on the way.
 *
 * <p>Calls queue work and return. All memory, also of executables and buffers left open, is released by {@link #close}.
 * Which algorithm computes a convolution follows from shapes, device and library version, never from timing, and only
 * algorithms whose sums have an order are taken: the same seed gives the same bits.
 */
public final class CudaDevice implements Device {
    private final Gpu gpu;
    private final Fences points;
    private final Set<AutoCloseable> open = new LinkedHashSet<>();
    private final MomentumStep momentumStep;
    private final FiniteCheck finiteCheck;
    private boolean closed;

    private CudaDevice(Gpu gpu) {
        this.gpu = gpu;
        points = new Fences(gpu.streams(), Wait.EVENT);
        momentumStep = new MomentumStep(gpu);
        try {
            finiteCheck = new FiniteCheck(gpu);
        } catch (CudaFailure e) {
            gpu.close();
            throw e;
        }
    }

    Gpu gpu() {
        return gpu;
    }

    /** Why no GPU can be used in this process, and what to do; empty if one can. Thread-safe. */
    public static Optional<String> refusal() {
        return CudaLibraries.refusal();
    }

    /**
     * Opens a GPU.
     *
     * @param ordinal its number among those that are visible to this process
     * @throws UnsupportedOperationException if NVIDIA's libraries are not here, saying which
     * @throws CudaFailure if it cannot be opened
     */
    public static CudaDevice open(int ordinal, CudaOptions options) {
        return open(ordinal, options, wait -> true);
    }

    /**
     * Opens a GPU by the address that a scheduler gives.
     *
     * @param address its number among those that are visible to this process, or its UUID as {@code nvidia-smi -L} prints it
     * @throws IllegalArgumentException if this process sees no such GPU
     * @throws UnsupportedOperationException if NVIDIA's libraries are not here, saying which
     * @throws CudaFailure if it cannot be opened
     */
    public static CudaDevice open(String address, CudaOptions options) {
        requireLibraries(address);
        return open(GpuAddress.ordinal(address), options);
    }

    private static void requireLibraries(Object gpu) {
        refusal().ifPresent(reason -> {
            throw new UnsupportedOperationException("Cannot open GPU " + gpu + ": " + reason);
        });
    }

    /** @param kept which waits are real, for the test of the waits */
    static CudaDevice open(int ordinal, CudaOptions options, Predicate<Wait> kept) {
        requireLibraries(ordinal);
        return new CudaDevice(new Gpu(ordinal, options, kept));
    }

    /** Why {@link #compile} refuses a precision on this GPU; empty if it doesn't. */
    public Optional<String> refusal(DataType precision) {
        return precision == DataType.BF16 && gpu.capability() < 80
                ? Optional.of(gpu.name() + " has compute capability " + gpu.capability() / 10.0
                        + ": bf16 needs 8.0 (Ampere) or later; use f16 or f32")
                : Optional.empty();
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.CUDA;
    }

    @Override
    public String description() {
        int[] runtime = new int[1];
        gpu.checks().runtime("cudaRuntimeGetVersion", cudart.cudaRuntimeGetVersion(runtime));
        long version = cudnn.cudnnGetVersion();
        return "%s, compute capability %d.%d, CUDA %d.%d, cuDNN %d.%d.%d%s"
                .formatted(
                        gpu.name(),
                        gpu.capability() / 10,
                        gpu.capability() % 10,
                        runtime[0] / 1000,
                        runtime[0] % 1000 / 10,
                        version / 10_000,
                        version % 10_000 / 100,
                        version % 100,
                        gpu.options().tf32() ? ", TF32" : "");
    }

    @Override
    public DeviceBuffer allocate(long elements) {
        enter();
        CudaBuffer buffer = new CudaBuffer(gpu, elements, open::remove);
        open.add(buffer);
        return buffer;
    }

    @Override
    public Executable compile(Graph graph, CompileOptions options, NetworkBuffers buffers) {
        enter();
        refusal(options.precision()).ifPresent(reason -> {
            throw new UnsupportedOperationException("Cannot compile for " + options.precision() + ": " + reason);
        });
        Vectors vectors = Vectors.of(buffers);
        Program program = new Program(gpu, graph, options, vectors);
        try {
            CudaExecutable executable = new CudaExecutable(gpu, graph, options, program, vectors, open::remove);
            open.add(executable);
            return executable;
        } catch (RuntimeException | Error e) {
            program.owned().close();
            throw e;
        } finally {
            gpu.checks().at("");
        }
    }

    @Override
    public void update(SgdUpdate update, NetworkBuffers buffers, DeviceBuffer momentum, long offset, long length) {
        enter();
        CudaBuffer weights = Vectors.own(buffers.weights());
        if (offset < 0 || length < 0 || offset + length > weights.elements()) {
            throw new IllegalArgumentException(
                    "Cannot update: offset=" + offset + " length=" + length + " of " + weights.elements() + " weights");
        }
        FlatLayout layout = buffers.layout();
        long firstGradient = layout.gradientLength() - layout.weightsLength();
        if (length > 0) {
            momentumStep.run(
                    update,
                    weights.address(offset),
                    Vectors.own(buffers.gradients()).address(firstGradient + offset),
                    Vectors.own(momentum).address(offset),
                    Math.toIntExact(length));
            weights.change();
        }
    }

    @Override
    public boolean isFinite(DeviceBuffer buffer, long offset, long length) {
        enter();
        CudaBuffer own = Vectors.own(buffer);
        own.checkRange(offset, length);
        return length == 0 || finiteCheck.run(own.address(offset), Math.toIntExact(length));
    }

    @Override
    public HostMirror mirror(DeviceBuffer buffer) {
        return mirror(buffer, RangeSum.NONE);
    }

    /** The mirror of a vector that several GPUs sum. */
    HostMirror mirror(DeviceBuffer buffer, RangeSum sum) {
        enter();
        CudaMirror mirror = new CudaMirror(Vectors.own(buffer), sum, open::remove);
        open.add(mirror);
        return mirror;
    }

    @Override
    public Event record() {
        enter();
        return points.mark(gpu.streams().compute());
    }

    @Override
    public void synchronize() {
        enter();
        gpu.streams().drain(Wait.SYNCHRONIZE);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        Owned all = new Owned();
        all.add(gpu, gpu::close);
        for (AutoCloseable resource : List.copyOf(open)) {
            if (resource instanceof CudaBuffer buffer) {
                all.add(buffer, buffer::close);
            }
        }
        for (AutoCloseable resource : List.copyOf(open)) {
            if (resource instanceof CudaExecutable executable) {
                all.add(executable, executable::close);
            } else if (resource instanceof CudaMirror mirror) {
                all.add(mirror, mirror::close);
            }
        }
        all.add(momentumStep, momentumStep::close);
        all.add(finiteCheck, finiteCheck::close);
        gpu.enter();
        all.add(gpu, () -> gpu.streams().drain(Wait.RELEASE));
        all.close();
    }

    private void enter() {
        if (closed) {
            throw new IllegalStateException("Cannot use " + gpu.checks().device() + ": the device is closed");
        }
        gpu.enter();
        gpu.checks().at("");
    }
}
