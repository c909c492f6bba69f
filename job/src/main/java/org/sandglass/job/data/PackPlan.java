package org.sandglass.job.data;

import java.io.Serial;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a host's pack of a table consists of: segments, each holding the samples of neighbouring files of the table.
 * Travels to the executors; its size is that of the list of files.
 *
 * @param identity of the table's content, as far as its listing tells: names, lengths and times of its files
 * @param directory where packs are kept on every host; null for a directory of the user's below {@code /var/tmp}
 */
@SuppressWarnings("ArrayRecordComponent") // an order: never compared
public record PackPlan(String identity, @Nullable String directory, Segment[] segments) implements Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    /** Files are put together until they have this many bytes. */
    private static final long SEGMENT_BYTES = 64L << 20;

    private static final int IDENTITY_BYTES = 12;

    /**
     * Neighbouring files.
     *
     * @param firstId of their samples
     * @param bytes of their images
     */
    record Segment(int index, int firstFile, int endFile, long firstId, long samples, long bytes)
            implements Serializable {
        @Serial
        private static final long serialVersionUID = 1L;
    }

    static PackPlan of(String uri, List<TableFile> files, @Nullable String directory) {
        return of(uri, files, directory, SEGMENT_BYTES);
    }

    /** @param segmentBytes that files are put together for */
    static PackPlan of(String uri, List<TableFile> files, @Nullable String directory, long segmentBytes) {
        MessageDigest digest = sha256();
        digest.update(uri.getBytes(StandardCharsets.UTF_8));
        List<Segment> segments = new ArrayList<>();
        int firstFile = 0;
        long id = 0;
        long samples = 0;
        long bytes = 0;
        for (int i = 0; i < files.size(); i++) {
            TableFile file = files.get(i);
            digest.update("%n%s %d %d %d"
                    .formatted(file.name(), file.rows(), file.length(), file.modifiedMillis())
                    .getBytes(StandardCharsets.UTF_8));
            samples += file.rows();
            bytes += file.imageBytes();
            if (bytes >= segmentBytes || i + 1 == files.size()) {
                segments.add(new Segment(segments.size(), firstFile, i + 1, id, samples, bytes));
                firstFile = i + 1;
                id += samples;
                samples = 0;
                bytes = 0;
            }
        }
        String identity = HexFormat.of().formatHex(Arrays.copyOf(digest.digest(), IDENTITY_BYTES));
        return new PackPlan(identity, directory, segments.toArray(Segment[]::new));
    }

    /** Of this user, on a file system that outlives a container's own. */
    static Path defaultDirectory() {
        return Path.of("/var/tmp", "sandglass-packs-" + System.getProperty("user.name"));
    }

    /** The directory of this table's pack on this host. */
    Path path() {
        return (directory == null ? defaultDirectory() : Path.of(directory)).resolve(identity);
    }

    Path path(Segment segment) {
        return path().resolve("%05d.segment".formatted(segment.index()));
    }

    Segment segmentOf(long id) {
        int low = 0;
        int high = segments.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (segments[middle].firstId() <= id) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return segments[low];
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Cannot name a pack: this JVM has no SHA-256", e);
        }
    }
}
