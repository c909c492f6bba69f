package org.sandglass.job.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A table's samples in this host's memory-mapped pack, for all tasks of this process; other processes of the host map the
 * same files. Immutable but for its end; thread-safe.
 */
final class HostPack {

    private static final Logger LOG = LoggerFactory.getLogger(HostPack.class);

    /** By directory. */
    private static final Map<Path, HostPack> OPEN = new HashMap<>();

    private final PackPlan plan;
    private final PackSegment[] segments;
    private final FileTime[] written;

    private HostPack(PackPlan plan, PackSegment[] segments, FileTime[] written) {
        this.plan = plan;
        this.segments = segments;
        this.written = written;
    }

    /** Maps the pack, or returns it as it is mapped already; none if a segment is missing or damaged. */
    static synchronized @Nullable HostPack open(PackPlan plan) {
        HostPack known = OPEN.get(plan.path());
        if (known != null && known.isCurrent()) {
            return known;
        }
        OPEN.remove(plan.path());
        PackSegment[] segments = new PackSegment[plan.segments().length];
        FileTime[] written = new FileTime[segments.length];
        try {
            for (PackPlan.Segment segment : plan.segments()) {
                Path file = plan.path(segment);
                written[segment.index()] = Files.getLastModifiedTime(file);
                segments[segment.index()] = PackSegment.open(file, segment.samples());
            }
        } catch (IOException e) {
            LOG.debug("No whole pack in {}", plan.path(), e);
            return null;
        }
        HostPack opened = new HostPack(plan, segments, written);
        OPEN.put(plan.path(), opened);
        return opened;
    }

    /** Lets go of the pack of a table; memory stays mapped until it is collected. */
    static synchronized void forget(PackPlan plan) {
        OPEN.remove(plan.path());
    }

    /**
     * A packed sample.
     *
     * @throws UncheckedIOException if it has changed since it was written; its segment is deleted, so that it is built
     *     again when the pack is completed
     */
    byte[] read(long id) {
        PackPlan.Segment segment = plan.segmentOf(id);
        try {
            return segments[segment.index()].read(Math.toIntExact(id - segment.firstId()));
        } catch (PackSegment.Damaged e) {
            LOG.warn("Deleting a damaged segment", e);
            forget(plan);
            delete(plan.path(segment));
            throw new UncheckedIOException(e);
        }
    }

    /** Whether the files are those that are mapped: another process may have found one damaged, and built it again. */
    private boolean isCurrent() {
        for (PackPlan.Segment segment : plan.segments()) {
            try {
                if (!Objects.equals(written[segment.index()], Files.getLastModifiedTime(plan.path(segment)))) {
                    return false;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("Cannot delete {}", file, e);
        }
    }
}
