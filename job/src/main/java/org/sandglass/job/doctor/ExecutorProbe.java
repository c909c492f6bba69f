package org.sandglass.job.doctor;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.apache.spark.package$;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.DeviceSlot;
import org.sandglass.job.cluster.ListeningAddress;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.Build;
import org.sandglass.job.train.TrainingMetrics;
import org.sandglass.ops.collective.Algorithm;
import org.sandglass.ops.collective.CollectiveOptions;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.collective.TcpEndpoint;
import org.sandglass.ops.device.cpu.CpuDevice;
import org.sandglass.ops.device.cuda.CudaDevice;
import org.sandglass.ops.device.cuda.GpuSums;
import org.sandglass.ops.image.ImageDecoder;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.ImageFormatException;
import org.sandglass.ops.image.RgbImage;

/** Looks around in one task. Nothing that goes wrong here ends the task: it is what there is to report. */
final class ExecutorProbe {

    private static final int SUMMED = 1 << 18;

    private final BarrierTaskContext context;
    private final ProbeOrder order;
    private final String host = SparkEnv.get().blockManager().blockManagerId().host();

    ExecutorProbe(BarrierTaskContext context, ProbeOrder order) {
        this.context = context;
        this.order = order;
    }

    ExecutorReport report() {
        long asked = System.nanoTime();
        OptionalLong driver = TrainingMetrics.driverMillis();
        long answerMillis = (System.nanoTime() - asked) / 1_000_000;
        Long offset =
                driver.isPresent() ? (Long) (driver.getAsLong() + answerMillis / 2 - System.currentTimeMillis()) : null;
        return new ExecutorReport(
                context.partitionId(),
                SparkEnv.get().executorId(),
                host,
                DeviceSlot.of(context.resourcesJMap(), host)
                        .map(DeviceSlot::identity)
                        .orElse(""),
                context.cpus(),
                System.getProperty("java.version"),
                package$.MODULE$.SPARK_VERSION(),
                Build.current().commit(),
                offset,
                answerMillis / 2,
                nativeProblem(),
                CudaDevice.refusal().orElse(null),
                CudaDevice.refusal().isPresent() ? null : GpuSums.refusal().orElse(null),
                fileProblem(),
                meshProblem(),
                memoryBytes(),
                Runtime.getRuntime().maxMemory(),
                disks());
    }

    /** Opens the device that computes, and decodes an image. */
    private @Nullable String nativeProblem() {
        try (CpuDevice device = CpuDevice.open(context.cpus())) {
            device.allocate(SUMMED).close();
            byte[] jpeg = ImageEncoder.jpeg(new RgbImage(8, 8, new byte[8 * 8 * 3]), 90);
            ImageDecoder.decode(jpeg);
            return null;
        } catch (ImageFormatException | RuntimeException | LinkageError e) {
            return firstLine(e);
        }
    }

    private @Nullable String fileProblem() {
        if (order.marker() == null) {
            return null;
        }
        Configuration hadoop =
                SparkHadoopUtil.get().newConfiguration(SparkEnv.get().conf());
        try (FileSystemProbe probe = FileSystemProbe.of(hadoop, order.marker())) {
            return probe.problem().orElse(null);
        } catch (IOException e) {
            return firstLine(e);
        }
    }

    /** Connects every pair of ranks, and sums a megabyte over all. Every task takes part. */
    private @Nullable String meshProblem() {
        TcpEndpoint endpoint = null;
        String announced = "";
        String problem = null;
        try {
            InetAddress own = ListeningAddress.of(Optional.ofNullable(order.networkInterface()), host);
            endpoint = TcpEndpoint.open(own);
            announced = own.getHostAddress() + " " + endpoint.port();
        } catch (JobFailure | PeerFailure e) {
            problem = String.valueOf(e.getMessage());
        }
        List<InetSocketAddress> addresses = Arrays.stream(context.allGather(announced))
                .filter(address -> !address.isEmpty())
                .map(address -> address.split(" "))
                .map(parts -> new InetSocketAddress(parts[0], Integer.parseInt(parts[1])))
                .toList();
        if (endpoint == null) {
            return problem;
        }
        try (TcpEndpoint listening = endpoint) {
            if (addresses.size() < context.getTaskInfos().length) {
                return "a rank could not listen";
            }
            return summed(listening, addresses);
        }
    }

    private @Nullable String summed(TcpEndpoint endpoint, List<InetSocketAddress> addresses) {
        CollectiveOptions options = new CollectiveOptions(Algorithm.AUTO, Duration.ofMillis(order.timeoutMillis()), 1)
                .withEncryption(order.encrypt());
        try (Communicator ranks = endpoint.connect(context.partitionId(), addresses, order.secret(), options)) {
            FloatBuffer ones = ByteBuffer.allocateDirect(SUMMED * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
            for (int i = 0; i < SUMMED; i++) {
                ones.put(i, 1);
            }
            ranks.allReduce(ones).await();
            ranks.barrier();
            for (int i = 0; i < SUMMED; i++) {
                if (ones.get(i) != addresses.size()) {
                    return "a sum over " + addresses.size() + " ranks is wrong: " + ones.get(i);
                }
            }
            return null;
        } catch (PeerFailure e) {
            return firstLine(e);
        }
    }

    private static long memoryBytes() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : 0;
    }

    private static List<ExecutorReport.Disk> disks() {
        List<ExecutorReport.Disk> disks = new ArrayList<>();
        for (File directory : SparkEnv.get().blockManager().diskBlockManager().localDirs()) {
            disks.add(new ExecutorReport.Disk(
                    directory.getPath(), store(directory.toPath()), directory.getUsableSpace()));
        }
        return disks;
    }

    private static String store(Path directory) {
        try {
            return Files.getFileStore(directory).toString();
        } catch (IOException e) {
            return directory.toString();
        }
    }

    private static String firstLine(Throwable e) {
        return e.toString().lines().findFirst().orElse("");
    }
}
