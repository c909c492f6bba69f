package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.JobFailure;

/** Reads the images of a group one after another; neighbours in one file share its stream. Not thread-safe. */
final class GroupReader implements Iterator<PreparedImage>, AutoCloseable {

    private final ImageGroup group;
    private final Configuration hadoop;
    private int next;
    private String openFile = "";
    private @Nullable FSDataInputStream in;

    GroupReader(ImageGroup group, Configuration hadoop) {
        this.group = group;
        this.hadoop = hadoop;
    }

    @Override
    public boolean hasNext() {
        return next < group.images().size();
    }

    @Override
    public PreparedImage next() {
        ImageReference image = group.images().get(next);
        int label = group.labels()[next];
        next++;
        try {
            byte[] bytes = new byte[Math.toIntExact(image.length())];
            open(image.file()).readFully(image.offset(), bytes);
            return new PreparedImage(bytes, image.path(), label);
        } catch (IOException e) {
            throw JobFailure.data(
                    "Cannot read image: %s of %s: %s".formatted(image.path(), image.file(), e.getMessage()));
        }
    }

    @Override
    public void close() {
        try {
            if (in != null) {
                in.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private FSDataInputStream open(String file) throws IOException {
        if (in == null || !file.equals(openFile)) {
            close();
            Path path = new Path(file);
            in = path.getFileSystem(hadoop).open(path);
            openFile = file;
        }
        return in;
    }
}
