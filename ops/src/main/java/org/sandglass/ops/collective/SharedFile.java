package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * A file through which the processes of a host share memory: in {@code /dev/shm} where there is room, else in {@code
 * java.io.tmpdir}.
 *
 * <p>Only its owner can open it, nobody can foresee its name, and nothing that exists is ever opened in its place. All of
 * it is written before it is mapped, so that a full disk is an error here and not a signal later.
 */
final class SharedFile implements AutoCloseable {

    private static final int NAME_BYTES = 16;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path path;

    private SharedFile(Path path) {
        this.path = path;
    }

    /**
     * @throws IOException if there is no directory that could hold it
     */
    static SharedFile create(int bytes) throws IOException {
        List<Path> directories =
                new ArrayList<>(List.of(Path.of("/dev/shm"), Path.of(System.getProperty("java.io.tmpdir"))));
        directories.removeIf(directory -> !Files.isWritable(directory));
        IOException failure = new IOException("no writable directory");
        for (Path directory : directories) {
            byte[] name = new byte[NAME_BYTES];
            RANDOM.nextBytes(name);
            SharedFile file = new SharedFile(
                    directory.resolve("sandglass-" + HexFormat.of().formatHex(name)));
            try {
                file.fill(bytes);
                return file;
            } catch (IOException cause) {
                file.close();
                failure = new IOException(directory + ": " + cause.getMessage(), cause);
            }
        }
        throw failure;
    }

    Path path() {
        return path;
    }

    /** Maps a file that another process may have created. The mapping outlives the file's name. */
    static MappedByteBuffer map(Path path, int bytes) throws IOException {
        Set<OpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try (FileChannel channel = FileChannel.open(path, options)) {
            if (channel.size() != bytes) {
                throw new IOException(path + " has " + channel.size() + " bytes, not " + bytes);
            }
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes);
        }
    }

    /** Takes its name away, so that nobody opens it any more and its memory ends with the last process that maps it. */
    @Override
    public void close() throws IOException {
        Files.deleteIfExists(path);
    }

    private void fill(int bytes) throws IOException {
        Set<OpenOption> options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(
                path, options, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 20);
            for (int written = 0; written < bytes; ) {
                written += channel.write(zeros.clear().limit(Math.min(zeros.capacity(), bytes - written)));
            }
        }
    }
}
