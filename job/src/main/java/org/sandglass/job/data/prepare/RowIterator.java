package org.sandglass.job.data.prepare;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.image.ImageDecoder;
import org.sandglass.ops.image.ImageFormatException;

/** The rows of one task: each image is decoded once, what cannot be decoded is left out and counted. */
final class RowIterator implements Iterator<Row> {

    private final Iterator<PreparedImage> images;
    private final Consumer<PartReport> whenDone;
    private final PartReport.Tally tally = new PartReport.Tally();
    private @Nullable PreparedImage next;
    private boolean done;

    /** @param whenDone hears once, after the last row */
    RowIterator(Iterator<PreparedImage> images, Consumer<PartReport> whenDone) {
        this.images = images;
        this.whenDone = whenDone;
    }

    @Override
    public boolean hasNext() {
        while (next == null && images.hasNext()) {
            next = checked(images.next());
        }
        if (next == null && !done) {
            done = true;
            whenDone.accept(tally.report());
        }
        return next != null;
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        PreparedImage image = java.util.Objects.requireNonNull(next);
        next = null;
        tally.add(image);
        return RowFactory.create(RowFactory.create(image.bytes(), image.path()), image.label());
    }

    private @Nullable PreparedImage checked(PreparedImage image) {
        try {
            ImageDecoder.decode(image.bytes());
            return image;
        } catch (ImageFormatException e) {
            tally.skip(new UnreadableImage(image.path(), String.valueOf(e.getMessage())));
            return null;
        }
    }
}
