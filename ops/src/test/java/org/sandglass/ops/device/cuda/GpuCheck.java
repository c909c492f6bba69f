package org.sandglass.ops.device.cuda;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.javacpp.SizeTPointer;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.HostLayout;
import org.sandglass.ops.collective.InProcess;
import org.sandglass.ops.device.CompileOptions;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.LevelImages;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.gradient.BucketPlan;
import org.sandglass.ops.gradient.BucketReducer;
import org.sandglass.ops.nn.Initialization;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.DataType;
import org.sandglass.ops.tensor.Shape;

/**
 * What {@code scripts/gpu-check} runs on a machine with GPUs, one thing a process: prints lines {@code name value}. Told what: {@code
 * machine}, {@code contract}, {@code speed MODEL SIZE BATCH ITERATIONS PRECISION [graphs]}, {@code nccl MEBIBYTES}.
 */
final class GpuCheck {
    private static final int WARM_UP = 5;
    private static final int SUMS = 20;
    private static final int CLASSES = 1000;
    /** As the recipe has them by default, and what of them the host takes at a time. */
    private static final long BUCKET_BYTES = 25 << 20;

    private static final long PIECE_BYTES = 4 << 20;
    private static final SgdUpdate UPDATE = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 1e-4, 0.9, 1, 1e-4, true);

    private GpuCheck() {}

    public static void main(String[] arguments) throws Exception {
        run(arguments).forEach(System.out::println);
    }

    /** The lines that are printed. */
    static List<String> run(String... arguments) throws Exception {
        return switch (arguments[0]) {
            case "machine" -> machine();
            case "contract" -> contract();
            case "speed" ->
                speed(
                        ResNet.of(arguments[1], CLASSES, Integer.parseInt(arguments[2]), true),
                        Integer.parseInt(arguments[2]),
                        Integer.parseInt(arguments[3]),
                        Integer.parseInt(arguments[4]),
                        arguments[5],
                        arguments.length > 6 && arguments[6].equals("graphs"));
            case "nccl" -> sums(Integer.parseInt(arguments[1]) << 20);
            default -> throw new IllegalArgumentException("Cannot check " + arguments[0]);
        };
    }

    private static List<String> machine() {
        List<String> lines = new ArrayList<>();
        lines.add("gpus " + gpus());
        try (CudaDevice device = CudaDevice.open(0, CudaOptions.DEFAULT)) {
            lines.add("device " + device.description());
        }
        int[] version = new int[1];
        cudart.cudaDriverGetVersion(version);
        lines.add("driverCuda " + version[0]);
        lines.add("cudnn " + cudnn.cudnnGetVersion());
        lines.add("nccl "
                + GpuSums.refusal().orElseGet(() -> {
                    nccl.ncclGetVersion(version);
                    return String.valueOf(version[0]);
                }));
        return lines;
    }

    private static int gpus() {
        int[] count = new int[1];
        cudart.cudaGetDeviceCount(count);
        return count[0];
    }

    /** The contract of all devices, in every precision, against the plain-Java reference. */
    private static List<String> contract() {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(
                        selectClass(CudaDeviceContractTest.class),
                        selectClass(CudaDeviceGraphsContractTest.class),
                        selectClass(CudaDeviceTf32ContractTest.class),
                        selectClass(CudaDeviceBf16ContractTest.class),
                        selectClass(CudaDeviceF16ContractTest.class))
                .build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        TestExecutionSummary summary = listener.getSummary();
        List<String> lines = new ArrayList<>();
        lines.add("passed " + summary.getTestsSucceededCount());
        lines.add("failed " + summary.getTestsFailedCount());
        for (TestExecutionSummary.Failure failure : summary.getFailures()) {
            String reason = String.valueOf(failure.getException()).replace('\n', ' ');
            lines.add("failure "
                    + failure.getTestIdentifier().getLegacyReportingName() + " of "
                    + failure.getTestIdentifier().getUniqueId() + ": "
                    + reason.substring(0, Math.min(300, reason.length())));
        }
        return lines;
    }

    private static List<String> speed(
            Network network, int size, int batch, int iterations, String precision, boolean graphs) {
        boolean tf32 = precision.equals("tf32");
        DataType type = tf32 ? DataType.F32 : DataType.valueOf(precision.toUpperCase(Locale.ROOT));
        try (CudaDevice device =
                        CudaDevice.open(0, CudaOptions.DEFAULT.withTf32(tf32).withGraphs(graphs));
                NetworkBuffers buffers = NetworkBuffers.allocate(device, network.layout());
                DeviceBuffer momentum = device.allocate(network.layout().weightsLength());
                HostMirror mirror = device.mirror(buffers.gradients());
                Executable executable =
                        device.compile(network.graph(), CompileOptions.training(batch, type), buffers)) {
            initialize(network, buffers);
            BucketPlan plan = BucketPlan.of(network.layout(), BUCKET_BYTES).cut(PIECE_BYTES);
            BucketReducer reducer = new BucketReducer(InProcess.single(), mirror, network.layout(), plan, true);
            LevelImages images = images(batch, size);
            int[] labels = IntStream.range(0, batch).map(i -> i % CLASSES).toArray();
            double loss = 0;
            long start = 0;
            for (int i = -WARM_UP; i < iterations; i++) {
                if (i == 0) {
                    device.synchronize();
                    start = System.nanoTime();
                }
                loss = step(device, buffers, momentum, executable, reducer, images, labels);
            }
            device.synchronize();
            double seconds = (System.nanoTime() - start) / 1e9;
            return List.of(
                    "imagesPerSecond %.1f".formatted(batch * iterations / seconds),
                    "loss %.4f".formatted(loss),
                    "arenaMebibytes " + (executable.plannedBytes() >> 20),
                    "usedMebibytes " + (usedBytes() >> 20));
        }
    }

    private static LevelImages images(int batch, int size) {
        Random random = new Random(1);
        Shape shape = Shape.of(3, size, size);
        byte[] levels = new byte[(int) (batch * shape.elements())];
        random.nextBytes(levels);
        float[] numbers = new float[3 * LevelImages.LEVELS];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) ((i % LevelImages.LEVELS / 255.0 - 0.45) / 0.22);
        }
        return new LevelImages(batch, shape, levels, numbers, new float[3 * batch], new boolean[batch]);
    }

    private static void initialize(Network network, NetworkBuffers buffers) {
        FloatBuffer weights = FloatBuffer.allocate((int) network.layout().weightsLength());
        FloatBuffer statistics = FloatBuffer.allocate((int) network.layout().statisticsLength());
        Initialization.initialize(network, 1, weights, statistics);
        buffers.weights().upload(0, weights.clear());
        buffers.statistics().upload(0, statistics.clear());
    }

    /** An iteration as training makes it with one worker a GPU, its waits included, but for decoding; returns the loss. */
    private static double step(
            CudaDevice device,
            NetworkBuffers buffers,
            DeviceBuffer momentum,
            Executable executable,
            BucketReducer reducer,
            LevelImages images,
            int[] labels) {
        FloatBuffer counters = FloatBuffer.allocate(FlatLayout.COUNTERS);
        FlatLayout layout = buffers.layout();
        long first = layout.gradientLength() - layout.weightsLength();
        boolean scaled = executable.options().precision() == DataType.F16;
        buffers.gradients().clear();
        reducer.begin();
        executable.load(images, labels);
        executable.forward();
        double loss = executable.result().lossSum() / labels.length;
        buffers.gradients().upload(0, counters);
        reducer.statisticsReady();
        executable.backward(1.0 / labels.length, reducer);
        reducer.finish(device.record(), bucket -> {
            if (bucket.offset() == 0) {
                buffers.gradients().download(0, counters);
            }
            long from = Math.max(0, bucket.offset() - first);
            if (!scaled && bucket.end() - first > from) {
                device.update(UPDATE, buffers, momentum, from, bucket.end() - first - from);
            }
        });
        if (scaled && device.isFinite(buffers.gradients(), first, layout.weightsLength())) {
            device.update(UPDATE, buffers, momentum, 0, layout.weightsLength());
        }
        return loss;
    }

    /** Of the device, by all processes: nothing is allocated in the loop, so what is used after it is the peak. */
    private static long usedBytes() {
        try (SizeTPointer available = new SizeTPointer(1);
                SizeTPointer total = new SizeTPointer(1)) {
            cudart.cudaMemGetInfo(available, total);
            return total.get() - available.get();
        }
    }

    /** Sums a vector in buckets, as training does. */
    private static void fetch(HostMirror mirror, long elements) {
        long bucket = BUCKET_BYTES / Float.BYTES;
        for (long from = 0; from < elements; from += bucket) {
            mirror.fetch(from, Math.min(bucket, elements - from));
        }
    }

    /** All GPUs of this machine sum a vector, a thread each. */
    private static List<String> sums(int bytes) throws Exception {
        int gpus = gpus();
        if (gpus < 2) {
            return List.of("skipped one GPU has nobody to sum with");
        }
        HostLayout layout = new HostLayout(
                IntStream.range(0, gpus).mapToObj(i -> "this host").toList());
        List<Communicator> all = InProcess.group(gpus);
        List<Double> seconds = Ranks.together(gpus, rank -> {
            try (CudaDevice device = CudaDevice.open(rank, CudaOptions.DEFAULT);
                    DeviceBuffer vector = device.allocate(bytes / Float.BYTES);
                    GpuSums sums = GpuSums.join(device, layout, all.get(rank), null, Duration.ofMinutes(1));
                    HostMirror mirror = sums.mirror(vector)) {
                for (int i = 0; i < WARM_UP; i++) {
                    fetch(mirror, vector.elements());
                    device.synchronize();
                }
                long start = System.nanoTime();
                for (int i = 0; i < SUMS; i++) {
                    fetch(mirror, vector.elements());
                }
                mirror.store(0, vector.elements());
                device.synchronize();
                return (System.nanoTime() - start) / 1e9 / SUMS;
            }
        });
        double slowest = seconds.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
        double moved = 2.0 * (gpus - 1) / gpus * bytes;
        return List.of(
                "gpus " + gpus,
                "millis %.3f".formatted(1e3 * slowest),
                "busGigabytesPerSecond %.2f".formatted(moved / slowest / 1e9));
    }
}
