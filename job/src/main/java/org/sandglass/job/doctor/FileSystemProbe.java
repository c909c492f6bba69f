package org.sandglass.job.doctor;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.report.RunDirectory;

/**
 * What a checkpoint needs of a file system, tried out: a file that is written and closed is there whole, is listed, can be
 * written again and deleted; nothing is renamed.
 */
final class FileSystemProbe implements AutoCloseable {

    private static final int BYTES = 64 << 10;

    private final FileSystem files;
    private final Path directory;
    private final Path marker;
    private final boolean owner;

    private FileSystemProbe(FileSystem files, Path directory, Path marker, boolean owner) {
        this.files = files;
        this.directory = directory;
        this.marker = marker;
        this.owner = owner;
    }

    /**
     * The driver's: puts a marker into a run's directory, which is made where it is missing, or if that has checkpoints into
     * theirs, for others to find.
     */
    static FileSystemProbe mark(Configuration hadoop, String run) throws IOException {
        Path top = new Path(run);
        // Not from Hadoop's cache: that holds credentials for as long as the process lives.
        FileSystem files = FileSystem.newInstance(top.toUri(), hadoop);
        files.mkdirs(top);
        Path checkpoints = new Path(top, RunDirectory.CHECKPOINTS);
        Path directory = files.exists(checkpoints) ? checkpoints : top;
        Path marker = new Path(directory, ".sandglass-doctor-" + UUID.randomUUID());
        FileSystemProbe probe = new FileSystemProbe(files, directory, marker, true);
        probe.write(marker, (byte) 1);
        return probe;
    }

    /** An executor's, for the marker that the driver put. */
    static FileSystemProbe of(Configuration hadoop, String marker) throws IOException {
        Path path = new Path(marker);
        FileSystem files = FileSystem.newInstance(path.toUri(), hadoop);
        return new FileSystemProbe(files, path.getParent(), path, false);
    }

    String marker() {
        return files.makeQualified(marker).toString();
    }

    /** What is wrong, or nothing. */
    Optional<String> problem() {
        Path own = new Path(directory, ".sandglass-doctor-" + UUID.randomUUID());
        try {
            if (!files.exists(marker)) {
                return Optional.of("the driver's file is not there: not the same directory on every host");
            }
            for (byte version = 1; version <= 2; version++) {
                write(own, version);
                if (!isWhole(own, version)) {
                    return Optional.of("a file that was closed does not read as it was written: " + own);
                }
            }
            boolean listed = Arrays.stream(files.listStatus(directory))
                    .anyMatch(status -> status.getPath().getName().equals(own.getName()));
            if (!listed) {
                return Optional.of("a file that was closed is not listed: " + own);
            }
            if (!files.delete(own, false) || files.exists(own)) {
                return Optional.of("a file cannot be deleted: " + own);
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.of(e.toString().lines().findFirst().orElse(""));
        }
    }

    private void write(Path path, byte version) throws IOException {
        byte[] content = new byte[BYTES];
        Arrays.fill(content, version);
        try (OutputStream out = files.create(path, true)) {
            out.write(content);
        }
    }

    private boolean isWhole(Path path, byte version) throws IOException {
        if (files.getFileStatus(path).getLen() != BYTES) {
            return false;
        }
        try (InputStream in = files.open(path)) {
            byte[] content = in.readNBytes(BYTES + 1);
            byte[] expected = new byte[BYTES];
            Arrays.fill(expected, version);
            return Arrays.equals(content, expected);
        }
    }

    /** The driver's probe takes its marker away. */
    @Override
    public void close() throws IOException {
        try (files) {
            if (owner) {
                files.delete(marker, false);
            }
        }
    }
}
