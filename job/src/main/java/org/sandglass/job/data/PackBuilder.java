package org.sandglass.job.data;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Completes this host's pack of a table: builds the segments that are missing or damaged, together with whatever other
 * tasks of this and of other processes of the host do the same. For one task.
 *
 * <p>A segment is built by who holds the lock of a file beside it, and gets its name when it is whole, so that a builder
 * that dies leaves nothing that could be taken for a segment.
 */
final class PackBuilder {

    private static final Logger LOG = LoggerFactory.getLogger(PackBuilder.class);
    private static final long POLL_MILLIS = 100;
    private static final double SPACE_FACTOR = 1.02;
    private static final String SCRATCH = ".scratch-";

    /** Segments that tasks of this process are building: a file's lock belongs to a process. */
    private static final Set<Path> CLAIMED = new HashSet<>();

    private final PackPlan plan;
    private final FileIndex index;
    private final int classes;
    private final Configuration hadoop;
    private final BooleanSupplier stopped;
    private final Duration patience;

    /**
     * @param stopped asked often; building ends when it says so
     * @param patience how long another process may show no progress with what it builds
     */
    PackBuilder(
            PackPlan plan,
            FileIndex index,
            int classes,
            Configuration hadoop,
            BooleanSupplier stopped,
            Duration patience) {
        this.plan = plan;
        this.index = index;
        this.classes = classes;
        this.hadoop = hadoop;
        this.stopped = stopped;
        this.patience = patience;
    }

    /** Makes the directory. */
    void prepare() {
        try {
            createDirectories();
        } catch (IOException e) {
            throw unbuildable(e);
        }
    }

    /**
     * Returns when the pack is whole.
     *
     * @return how many segments were built here
     * @throws JobFailure (cluster) if there is no room, or the directory cannot be written; (data) if the table is wrong
     */
    int complete() {
        int built = 0;
        try {
            requireSpace();
            long progress = -1;
            long progressed = System.nanoTime();
            while (HostPack.open(plan) == null) {
                int now = buildWhatIsFree();
                built += now;
                long bytes = bytes("");
                if (now > 0 || bytes != progress) {
                    progress = bytes;
                    progressed = System.nanoTime();
                } else if (System.nanoTime() - progressed > patience.toNanos()) {
                    throw JobFailure.cluster(
                            ("Cannot complete the pack %s on %s: another process builds it, and has made"
                                            + " no progress for %d s; end that process, or set exchange.packDirectory")
                                    .formatted(plan.path(), host(), patience.toSeconds()));
                }
                if (now == 0) {
                    pause();
                }
            }
        } catch (IOException e) {
            throw unbuildable(e);
        }
        return built;
    }

    private JobFailure unbuildable(IOException e) {
        return new JobFailure(
                ExitCode.CLUSTER,
                "Cannot build the pack %s on %s: %s; set exchange.packDirectory to a local disk with room"
                        .formatted(plan.path(), host(), e),
                e);
    }

    private void createDirectories() throws IOException {
        Path directory = plan.path();
        Path packs = directory.getParent();
        if (packs != null && !Files.exists(packs)) {
            Files.createDirectories(
                    packs, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        String user = System.getProperty("user.name");
        if (packs != null && !Files.isWritable(packs)) {
            throw JobFailure.cluster(
                    "Cannot build the pack %s on %s: %s may not write there; set exchange.packDirectory"
                            .formatted(directory, host(), user));
        }
        Files.createDirectories(directory);
    }

    private void requireSpace() throws IOException {
        long missing = 0;
        for (PackPlan.Segment segment : plan.segments()) {
            missing += Files.exists(plan.path(segment)) ? 0 : PackSegment.bytesOf(segment);
        }
        long needed = (long) (missing * SPACE_FACTOR) - bytes(SCRATCH);
        long usable = Files.getFileStore(plan.path()).getUsableSpace();
        if (usable < needed) {
            throw JobFailure.cluster(String.format(
                    Locale.ROOT,
                    "Cannot build the pack %s on %s: it needs %.1f GB more, and the disk has %.1f GB; set"
                            + " exchange.packDirectory to another disk, or exchange.mode=images",
                    plan.path(),
                    host(),
                    needed / 1e9,
                    usable / 1e9));
        }
    }

    /** Builds the missing segments that nobody else is building. */
    private int buildWhatIsFree() throws IOException {
        int built = 0;
        for (PackPlan.Segment segment : plan.segments()) {
            Path file = plan.path(segment);
            if (!isWhole(segment) && claim(file)) {
                try {
                    built += buildLocked(segment, file) ? 1 : 0;
                } finally {
                    disclaim(file);
                }
            }
        }
        return built;
    }

    private boolean buildLocked(PackPlan.Segment segment, Path file) throws IOException {
        Path lock = file.resolveSibling(file.getFileName() + ".lock");
        try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = channel.tryLock()) {
            if (held == null || isWhole(segment)) {
                return false;
            }
            deleteScratch(file);
            Path scratch = file.resolveSibling(file.getFileName() + SCRATCH + UUID.randomUUID());
            try (PackSource samples = new PackSource(index, classes, hadoop, segment)) {
                PackSegment.write(file, scratch, stoppable(samples));
            } finally {
                Files.deleteIfExists(scratch);
            }
            Files.deleteIfExists(lock);
            LOG.info("Built {} of {}", file, index.uri());
            return true;
        }
    }

    /** What a builder of this segment left that died. */
    private static void deleteScratch(Path file) throws IOException {
        try (Stream<Path> files = Files.list(file.resolveSibling(""))) {
            for (Path left : files.filter(
                            path -> path.getFileName().toString().startsWith(file.getFileName() + SCRATCH))
                    .toList()) {
                Files.deleteIfExists(left);
            }
        }
    }

    private Iterator<byte[]> stoppable(Iterator<byte[]> samples) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return samples.hasNext();
            }

            @Override
            public byte[] next() {
                requireNotStopped();
                return samples.next();
            }
        };
    }

    private boolean isWhole(PackPlan.Segment segment) {
        try {
            PackSegment.open(plan.path(segment), segment.samples());
            return true;
        } catch (PackSegment.Damaged e) {
            LOG.warn("Building a segment again", e);
            return false;
        } catch (IOException e) {
            return false;
        }
    }

    private long bytes(String part) throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(plan.path())) {
            for (Path file : files.filter(path -> path.getFileName().toString().contains(part))
                    .toList()) {
                bytes += Files.exists(file) ? sizeOf(file) : 0;
            }
        }
        return bytes;
    }

    private static long sizeOf(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0; // It got its own name meanwhile.
        }
    }

    private void pause() {
        requireNotStopped();
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new JobFailure(ExitCode.OTHER, "Interrupted while waiting for a pack", e);
        }
    }

    private void requireNotStopped() {
        if (stopped.getAsBoolean()) {
            throw new IllegalStateException("Cannot complete a pack: stopped by the driver");
        }
    }

    private static boolean claim(Path file) {
        synchronized (CLAIMED) {
            return CLAIMED.add(file);
        }
    }

    private static void disclaim(Path file) {
        synchronized (CLAIMED) {
            CLAIMED.remove(file);
        }
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException e) {
            return "this host";
        }
    }
}
