package org.sandglass.ops.device.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.DeviceKind;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.Graph;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.device.plan.Consumers;
import org.sandglass.ops.device.plan.Natives;
import org.sandglass.ops.tensor.DataType;

/**
 * The processor, on oneDNN, in fp32, and in bf16 where it has AVX512_BF16 or AMX. Needs AVX2: with less, oneDNN has no fast
 * implementation of some layers and {@link #compile} says so.
 *
 * <p>Work is done when a call returns. All native memory, also of executables and buffers left open, is released by
 * {@link #close}. For one thread at a time, as every device; the bound on threads is set anew on every call, since OpenMP
 * keeps it per calling thread.
 *
 * <p>With more than one thread, {@code OMP_WAIT_POLICY=passive} belongs into the environment of a process whose other threads
 * (decoding, sockets) share the cores: GNU OpenMP's threads otherwise spin while they wait for one that is not running, which
 * made a step three to seven times slower on a busy machine. It is read when the library is loaded, so it cannot be set here.
 */
public final class CpuDevice implements Device {
    private static final String PHYSICAL_BYTES = "org.bytedeco.javacpp.maxPhysicalBytes";

    static {
        // JavaCPP refuses to allocate once the process has twice the heap's maximum resident, heap or not; an arena is
        // larger than that in a small heap, and rightly so.
        if (System.getProperty(PHYSICAL_BYTES) == null) {
            System.setProperty(PHYSICAL_BYTES, "0");
        }
    }

    private final OpenMp openMp;
    private final Onednn onednn = new Onednn();
    private final Arena arena = new Arena();
    private final Crew crew;
    private final MomentumStep momentumStep;
    private final Set<AutoCloseable> open = new LinkedHashSet<>();
    private boolean closed;

    private CpuDevice(int threads) {
        openMp = new OpenMp(threads);
        crew = new Crew(threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
        momentumStep = new MomentumStep(crew);
    }

    /**
     * Opens the processor.
     *
     * @param threads threads that its work may use, the calling one included; 0 for OpenMP's own choice,
     *     {@code OMP_NUM_THREADS} or all
     */
    public static CpuDevice open(int threads) {
        if (threads < 0) {
            throw new IllegalArgumentException("Cannot open the processor: threads=" + threads);
        }
        return new CpuDevice(threads);
    }

    /** Why {@link #compile} refuses a precision on this processor, and what to do; empty if it doesn't. */
    public static Optional<String> refusal(DataType precision) {
        return Onednn.refusal(precision).map(reason -> "%s, %s: %s".formatted(processor(), Onednn.describe(), reason));
    }

    @Override
    public DeviceKind kind() {
        return DeviceKind.CPU;
    }

    @Override
    public String description() {
        String bound = openMp.isLimited() ? String.valueOf(crew.size()) : "OMP_NUM_THREADS or all";
        return "%s, %s, threads: %s".formatted(processor(), Onednn.describe(), bound);
    }

    @Override
    public DeviceBuffer allocate(long elements) {
        checkOpen();
        CpuBuffer buffer = new CpuBuffer(elements, crew, open::remove);
        open.add(buffer);
        return buffer;
    }

    @Override
    public Executable compile(Graph graph, CompileOptions options, NetworkBuffers buffers) {
        checkOpen();
        refusal(options.precision()).ifPresent(reason -> {
            throw new UnsupportedOperationException("Cannot compile for " + options.precision() + ": " + reason);
        });
        openMp.limit();
        Natives natives = new Natives();
        try {
            Vectors vectors = Vectors.of(buffers);
            Program program = new Program(onednn, natives, new Consumers(graph), options, vectors);
            Runnable enter = () -> {
                vectors.checkOpen();
                openMp.limit();
            };
            CpuExecutable executable =
                    new CpuExecutable(graph, options, program, natives, arena, enter, vectors.weights(), open::remove);
            open.add(executable);
            return executable;
        } catch (RuntimeException | Error e) {
            natives.close();
            throw e;
        }
    }

    @Override
    public void update(SgdUpdate update, NetworkBuffers buffers, DeviceBuffer momentum, long offset, long length) {
        CpuBuffer weights = Vectors.own(buffers.weights());
        if (offset < 0 || length < 0 || offset + length > weights.elements()) {
            throw new IllegalArgumentException(
                    "Cannot update: offset=" + offset + " length=" + length + " of " + weights.elements() + " weights");
        }
        long gradientOffset =
                buffers.layout().gradientLength() - buffers.layout().weightsLength();
        momentumStep.run(
                update,
                weights.floats(),
                Vectors.own(buffers.gradients()).floats(),
                Vectors.own(momentum).floats(),
                (int) offset,
                Math.toIntExact(gradientOffset),
                (int) length);
        weights.change();
    }

    /** Measures the floating point operations per second of a matrix product, which takes less than a second. */
    public double matmulPeak(DataType precision) {
        checkOpen();
        openMp.limit();
        return MatmulPeak.measure(onednn, Onednn.type(precision));
    }

    @Override
    public HostMirror mirror(DeviceBuffer buffer) {
        return HostMirror.of(buffer.hostView().orElseThrow());
    }

    @Override
    public Event record() {
        return Event.DONE;
    }

    @Override
    public void synchronize() {}

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (AutoCloseable resource : List.copyOf(open)) {
            if (resource instanceof Executable executable) {
                executable.close();
            }
        }
        for (AutoCloseable resource : List.copyOf(open)) {
            if (resource instanceof DeviceBuffer buffer) {
                buffer.close();
            }
        }
        crew.close();
        arena.close();
        onednn.close();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("Cannot use the processor: the device is closed");
        }
    }

    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElse("processor");
        } catch (IOException e) {
            return "processor";
        }
    }
}
