package org.sandglass.job.data;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Who uses a host's pack: every process that does holds a shared lock of a file beside it, for as long as it lives or until
 * it lets go, and the last one to let go may delete the pack. Thread-safe.
 */
final class PackUse {

    private static final long POLL_NANOS = 50_000_000;
    private static final long PATIENCE_NANOS = 120_000_000_000L;
    private static final Map<Path, FileLock> HELD = new HashMap<>();

    private PackUse() {}

    /** Declares that this process uses the pack, which must not be deleted then. */
    static synchronized void begin(PackPlan plan) throws IOException {
        Path file = lockFile(plan);
        if (HELD.containsKey(file)) {
            return;
        }
        FileChannel channel = open(file);
        long asked = System.nanoTime();
        // The last user may be deleting the pack.
        FileLock shared = channel.tryLock(0, Long.MAX_VALUE, true);
        while (shared == null && System.nanoTime() - asked < PATIENCE_NANOS) {
            LockSupport.parkNanos(POLL_NANOS);
            shared = channel.tryLock(0, Long.MAX_VALUE, true);
        }
        if (shared == null) {
            channel.close();
            throw new IOException("another process has been deleting it for minutes, and holds " + file);
        }
        HELD.put(file, shared);
    }

    /** Lets go of the pack, and deletes it unless another process uses it. */
    static synchronized boolean endAndDelete(PackPlan plan) throws IOException {
        Path file = lockFile(plan);
        FileLock held = HELD.remove(file);
        if (held != null) {
            held.acquiredBy().close();
        }
        HostPack.forget(plan);
        if (!Files.exists(file)) {
            return false;
        }
        try (FileChannel channel = open(file);
                FileLock alone = channel.tryLock()) {
            if (alone == null) {
                return false;
            }
            delete(plan.path());
            return true;
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static Path lockFile(PackPlan plan) {
        return plan.path().resolveSibling(plan.identity() + ".lock");
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> all = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : all) {
                Files.deleteIfExists(file);
            }
        }
    }
}
