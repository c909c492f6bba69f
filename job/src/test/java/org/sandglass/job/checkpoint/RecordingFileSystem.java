package org.sandglass.job.checkpoint;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/** The local file system, which tells what was done to it and can be killed at any of its operations. */
public final class RecordingFileSystem extends RawLocalFileSystem {

    static final List<String> OPERATIONS = new ArrayList<>();
    private static int operationsToLive = Integer.MAX_VALUE;

    static Configuration configuration() {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.file.impl", RecordingFileSystem.class, RawLocalFileSystem.class);
        hadoop.setBoolean("fs.file.impl.disable.cache", true);
        return hadoop;
    }

    /** Forgets what was recorded; from now on, {@code operations} changes are carried out and every later one fails. */
    static void reset(int operations) {
        OPERATIONS.clear();
        operationsToLive = operations;
    }

    @Override
    public URI getUri() {
        return URI.create("file:///");
    }

    @Override
    public FSDataOutputStream create(
            Path path, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        record("create", path);
        OutputStream out = super.create(path, overwrite, bufferSize, replication, blockSize, progress);
        return new FSDataOutputStream(new Recorded(out, path), null);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        record("delete", path);
        return super.delete(path, recursive);
    }

    @Override
    public boolean rename(Path from, Path to) throws IOException {
        record("rename", from);
        return super.rename(from, to);
    }

    private static void record(String operation, Path path) throws IOException {
        if (OPERATIONS.size() >= operationsToLive) {
            throw new IOException("killed");
        }
        OPERATIONS.add(operation + " " + path.getParent().getName() + "/" + path.getName());
    }

    private static final class Recorded extends FilterOutputStream {
        private final Path path;

        Recorded(OutputStream out, Path path) {
            super(out);
            this.path = path;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            int half = length / 2;
            out.write(bytes, offset, half);
            record("write", path);
            out.write(bytes, offset + half, length - half);
        }
    }
}
