package org.sandglass.job.checkpoint;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.Syncable;
import org.apache.hadoop.util.Progressable;

/**
 * The local file system, of which one call fails: any call, also those on streams. A write that fails has written half; a
 * close that fails has written everything. Reads and writes fail as Hadoop's own do where a disk is full or damaged: by an
 * error.
 */
public final class FaultyFileSystem extends RawLocalFileSystem {

    private static int calls;
    private static int failing = Integer.MAX_VALUE;

    static Configuration configuration() {
        Configuration hadoop = new Configuration();
        hadoop.setClass("fs.file.impl", FaultyFileSystem.class, RawLocalFileSystem.class);
        hadoop.setBoolean("fs.file.impl.disable.cache", true);
        return hadoop;
    }

    /** Counts calls from 0 again; number {@code call} fails, and none after it. */
    static void failAt(int call) {
        calls = 0;
        failing = call;
    }

    static boolean hasFailed() {
        return calls > failing;
    }

    private static void call(String name) throws IOException {
        if (calls++ == failing) {
            throw new IOException("injected into " + name);
        }
    }

    private static void transfer(String name) {
        try {
            call(name);
        } catch (IOException e) {
            throw error(e);
        }
    }

    private static FSError error(IOException cause) {
        try {
            Constructor<FSError> ofHadoop = FSError.class.getDeclaredConstructor(Throwable.class);
            ofHadoop.setAccessible(true);
            return ofHadoop.newInstance(cause);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public URI getUri() {
        return URI.create("file:///");
    }

    @Override
    public FSDataInputStream open(Path path, int bufferSize) throws IOException {
        call("open");
        return new FSDataInputStream(new FaultyInput(super.open(path, bufferSize)));
    }

    @Override
    public FSDataOutputStream create(
            Path path, boolean overwrite, int bufferSize, short replication, long blockSize, Progressable progress)
            throws IOException {
        call("create");
        FSDataOutputStream out = super.create(path, overwrite, bufferSize, replication, blockSize, progress);
        return new FSDataOutputStream(new FaultyOutput(out), null);
    }

    @Override
    public boolean delete(Path path, boolean recursive) throws IOException {
        call("delete");
        return super.delete(path, recursive);
    }

    @Override
    public boolean mkdirs(Path path) throws IOException {
        call("mkdirs");
        return super.mkdirs(path);
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        call("getFileStatus");
        return super.getFileStatus(path);
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        call("listStatus");
        return super.listStatus(path);
    }

    private static final class FaultyOutput extends FilterOutputStream implements Syncable, StreamCapabilities {
        FaultyOutput(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length / 2);
            transfer("write");
            out.write(bytes, offset + length / 2, length - length / 2);
        }

        @Override
        public void hflush() throws IOException {
            hsync();
        }

        @Override
        public void hsync() throws IOException {
            out.flush();
            call("hsync");
        }

        @Override
        public boolean hasCapability(String capability) {
            return HSYNC.equals(capability);
        }

        @Override
        public void close() throws IOException {
            super.close();
            call("close");
        }
    }

    private static final class FaultyInput extends FSInputStream {
        private final FSDataInputStream in;

        FaultyInput(FSDataInputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            transfer("read");
            return in.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            transfer("read");
            return in.read(bytes, offset, length);
        }

        @Override
        public void seek(long position) throws IOException {
            in.seek(position);
        }

        @Override
        public long getPos() throws IOException {
            return in.getPos();
        }

        @Override
        public boolean seekToNewSource(long target) {
            return false;
        }

        @Override
        public void close() throws IOException {
            in.close();
            call("close");
        }
    }
}
