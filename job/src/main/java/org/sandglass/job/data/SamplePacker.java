package org.sandglass.job.data;

import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.spark.api.java.function.PairFlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.JobFailure;
import scala.Tuple2;

/** Turns rows into (key, packed sample), one at a time. */
final class SamplePacker implements PairFlatMapFunction<Iterator<Row>, Long, byte[]> {

    private static final long serialVersionUID = 1L;

    /** Makes a partition's key function where the partition is. */
    interface KeySource extends Serializable {
        SampleKeys keys();
    }

    private final Broadcast<FileIndex> index;
    private final int classes;
    private final KeySource keySource;

    SamplePacker(Broadcast<FileIndex> index, int classes, KeySource keySource) {
        this.index = index;
        this.classes = classes;
        this.keySource = keySource;
    }

    @Override
    public Iterator<Tuple2<Long, byte[]>> call(Iterator<Row> rows) {
        return new Packed(rows, index.value(), classes, keySource.keys());
    }

    /** @throws JobFailure unless the label is in [0, classes) */
    static void requireLabel(FileIndex index, int file, long row, long label, int classes) {
        if (label < 0 || label >= classes) {
            throw wrong(index, file, row, "label must be in [0, %d) but is %d".formatted(classes, label));
        }
    }

    static JobFailure wrong(FileIndex index, int file, long row, String reason) {
        return JobFailure.data("Cannot use table %s: %s: %s".formatted(index.uri(), index.describe(file, row), reason));
    }

    private static final class Packed implements Iterator<Tuple2<Long, byte[]>> {

        private final Iterator<Row> rows;
        private final FileIndex index;
        private final int classes;
        private final SampleKeys keys;
        private final ArrayDeque<Tuple2<Long, byte[]>> ready = new ArrayDeque<>(1);
        private @Nullable String filePath;
        private int file;

        Packed(Iterator<Row> rows, FileIndex index, int classes, SampleKeys keys) {
            this.rows = rows;
            this.index = index;
            this.classes = classes;
            this.keys = keys;
        }

        @Override
        public boolean hasNext() {
            while (ready.isEmpty() && rows.hasNext()) {
                EncodedSample sample = sample(rows.next());
                for (long key : keys.keysOf(sample.id())) {
                    ready.add(new Tuple2<>(key, sample.pack()));
                }
            }
            return !ready.isEmpty();
        }

        @Override
        public Tuple2<Long, byte[]> next() {
            if (!hasNext()) {
                throw new NoSuchElementException("No more samples");
            }
            return ready.remove();
        }

        private EncodedSample sample(Row row) {
            String rowFile = row.getString(TableRows.FILE);
            if (!rowFile.equals(filePath)) {
                file = index.file(rowFile);
                filePath = rowFile;
            }
            long rowIndex = row.getLong(TableRows.ROW);
            long id = index.id(file, rowIndex);
            byte[] image = row.getAs(TableRows.BYTES);
            if (image == null) {
                throw wrong(index, file, rowIndex, "image is null");
            }
            if (row.isNullAt(TableRows.LABEL)) {
                throw wrong(index, file, rowIndex, "label is null");
            }
            long label = row.getLong(TableRows.LABEL);
            requireLabel(index, file, rowIndex, label, classes);
            String path = row.isNullAt(TableRows.PATH) ? "" : row.getString(TableRows.PATH);
            return new EncodedSample(id, (int) label, path, image);
        }
    }
}
