package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import org.sandglass.job.failure.JobFailure;

/** Reads the images of an archive in its order, from its start to its end. Not thread-safe. */
final class StreamReader implements Iterator<PreparedImage>, AutoCloseable {

    private final TarEntries entries;
    private final String file;
    private final String root;
    private final ImageTree tree;
    private final Map<String, Integer> labels;
    private boolean waiting;

    /** @param root only what lies below counts; empty for all */
    StreamReader(TarEntries entries, String file, String root, ImageTree tree) {
        this.entries = entries;
        this.file = file;
        this.root = root;
        this.tree = tree;
        this.labels = tree.labels();
    }

    @Override
    public boolean hasNext() {
        try {
            while (!waiting && entries.advance()) {
                waiting = entries.path().startsWith(root)
                        && ImagePaths.isImage(entries.path())
                        && !entries.isDirectory()
                        && !entries.isLink();
            }
            return waiting;
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    @Override
    public PreparedImage next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        waiting = false;
        String path = entries.path().substring(root.length());
        Integer label = labels.get(tree.classOf(path));
        if (label == null) {
            throw JobFailure.data("Cannot read %s: it changed while it was read".formatted(file));
        }
        try {
            return new PreparedImage(entries.content(), tree.within(path), label);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    @Override
    public void close() {
        try {
            entries.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JobFailure unreadable(IOException e) {
        return JobFailure.data("Cannot read archive: %s: %s".formatted(file, e.getMessage()));
    }
}
