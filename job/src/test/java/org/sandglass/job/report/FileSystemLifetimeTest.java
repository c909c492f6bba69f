package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.config.Recipe;

/** A run outlives the FileSystem objects that Hadoop made for its user: they are closed when credentials end. */
class FileSystemLifetimeTest {

    private final Configuration hadoop = new Configuration();

    @TempDir
    private Path directory;

    @Test
    void shouldGoOnWhenFileSystemsWereClosed() throws IOException {
        hadoop.setClass("fs.closing.impl", ClosingFileSystem.class, FileSystem.class);
        String uri = "closing:" + directory.resolve("run");
        Recipe recipe = Recipe.load(null, Map.of("model.name", "cifar-resnet8"));
        RunDirectory run = RunDirectory.open(uri, hadoop, recipe);
        FileSystem before = FileSystem.get(URI.create(uri), hadoop);

        FileSystem.closeAll();

        assertThat(FileSystem.get(URI.create(uri), hadoop)).isNotSameAs(before);
        run.writeReport();
        assertThat(Files.readString(directory.resolve("run/report.html"))).contains("<html");
        assertThat(RunDirectory.open(uri, hadoop, recipe).epochs()).isEmpty();
    }

    /** The local file system, as unforgiving as HDFS about use after close. */
    public static final class ClosingFileSystem extends RawLocalFileSystem {
        private boolean closed;

        @Override
        public URI getUri() {
            return URI.create("closing:///");
        }

        @Override
        public FSDataInputStream open(org.apache.hadoop.fs.Path path, int bufferSize) throws IOException {
            requireOpen();
            return super.open(path, bufferSize);
        }

        @Override
        public FSDataOutputStream create(
                org.apache.hadoop.fs.Path path,
                boolean overwrite,
                int bufferSize,
                short replication,
                long blockSize,
                Progressable progress)
                throws IOException {
            requireOpen();
            return super.create(path, overwrite, bufferSize, replication, blockSize, progress);
        }

        @Override
        public void close() throws IOException {
            super.close();
            closed = true;
        }

        private void requireOpen() throws IOException {
            if (closed) {
                throw new IOException("Filesystem closed");
            }
        }
    }
}
