package org.sandglass.job.data.prepare;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Locale;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Walks the entries of a tar archive in one pass; a tar within it (as ILSVRC's training archive has one per class)
 * counts as a directory of its name. Reads no further than it must: a seekable stream stands at an entry's first byte
 * after {@link #advance}. Not thread-safe.
 */
final class TarEntries implements Closeable {

    private static final String TAR = ".tar";
    private static final int MAGIC_BYTES = 6;
    private static final byte[] GZIP = {0x1f, (byte) 0x8b};
    private static final byte[] XZ = {(byte) 0xfd, '7', 'z', 'X', 'Z', 0};

    private record Level(TarArchiveInputStream tar, String prefix) {}

    private final Deque<Level> levels = new ArrayDeque<>();
    private final InputStream in;
    private @Nullable TarArchiveEntry entry;
    private String path = "";

    TarEntries(InputStream in) {
        this.in = in;
        levels.push(new Level(new TarArchiveInputStream(in), ""));
    }

    static boolean isCompressed(byte[] firstBytes) {
        return startsWith(firstBytes, GZIP) || startsWith(firstBytes, XZ);
    }

    /** Entries of an archive that may be compressed by gzip or xz. */
    static TarEntries decompressing(InputStream raw) throws IOException {
        BufferedInputStream in = new BufferedInputStream(raw, 1 << 16);
        in.mark(MAGIC_BYTES);
        byte[] first = in.readNBytes(MAGIC_BYTES);
        in.reset();
        if (startsWith(first, GZIP)) {
            return new TarEntries(new BufferedInputStream(new GzipCompressorInputStream(in, true), 1 << 16));
        }
        if (startsWith(first, XZ)) {
            return new TarEntries(new BufferedInputStream(new XZCompressorInputStream(in, true), 1 << 16));
        }
        return new TarEntries(in);
    }

    /** Goes to the next entry that is neither junk nor an inner archive. */
    boolean advance() throws IOException {
        while (!levels.isEmpty()) {
            Level level = levels.element();
            TarArchiveEntry next = (TarArchiveEntry) level.tar().getNextEntry();
            if (next == null) {
                levels.pop();
                continue;
            }
            String full = level.prefix() + ImagePaths.normalized(next.getName());
            if (ImagePaths.hasJunk(full) || full.isEmpty()) {
                continue;
            }
            if (next.isFile() && full.toLowerCase(Locale.ROOT).endsWith(TAR)) {
                String prefix = full.substring(0, full.length() - TAR.length()) + "/";
                levels.push(new Level(new TarArchiveInputStream(level.tar()), prefix));
                continue;
            }
            entry = next;
            path = full;
            return true;
        }
        return false;
    }

    String path() {
        return path;
    }

    long length() {
        return current().getSize();
    }

    boolean isDirectory() {
        return current().isDirectory();
    }

    boolean isLink() {
        return current().isSymbolicLink() || current().isLink();
    }

    /** The bytes of the entry; once. */
    byte[] content() throws IOException {
        int length = Math.toIntExact(length());
        byte[] bytes = levels.element().tar().readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("archive ends within " + path);
        }
        return bytes;
    }

    /** The bytes of the entry as a stream, until the next {@link #advance}. */
    InputStream stream() {
        return levels.element().tar();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private TarArchiveEntry current() {
        if (entry == null) {
            throw new IllegalStateException("Cannot read an entry: advance() first");
        }
        return entry;
    }

    private static boolean startsWith(byte[] bytes, byte[] magic) {
        return bytes.length >= magic.length && Arrays.equals(bytes, 0, magic.length, magic, 0, magic.length);
    }
}
