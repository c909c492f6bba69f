package org.sandglass.job.data;

import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.JobFailure;

/** Reads neighbouring files of a table in a task, without Spark: packed samples in the order of their ids. */
final class PackSource implements Iterator<byte[]>, AutoCloseable {

    private final FileIndex index;
    private final int classes;
    private final Configuration hadoop;
    private final int endFile;
    private int file;
    private long row;
    private @Nullable ParquetReader<Group> reader;
    private @Nullable TableColumns columns;
    private @Nullable Group next;

    PackSource(FileIndex index, int classes, Configuration hadoop, PackPlan.Segment segment) {
        this.index = index;
        this.classes = classes;
        this.hadoop = hadoop;
        this.file = segment.firstFile() - 1;
        this.endFile = segment.endFile();
        readNext();
    }

    @Override
    public boolean hasNext() {
        return next != null;
    }

    @Override
    public byte[] next() {
        Group group = next;
        if (group == null) {
            throw new NoSuchElementException("No more samples");
        }
        byte[] packed = packed(group);
        row++;
        readNext();
        return packed;
    }

    @Override
    public void close() throws IOException {
        if (reader != null) {
            reader.close();
            reader = null;
        }
    }

    private void readNext() {
        try {
            advance();
        } catch (JobFailure e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw JobFailure.data("Cannot read table %s: %s: %s".formatted(index.uri(), index.name(file), e), e);
        }
    }

    /** To the next row, which may be the first one of a later file. */
    private void advance() throws IOException {
        next = reader == null ? null : reader.read();
        while (next == null && file + 1 < endFile) {
            if (reader != null) {
                index.requireRows(file, row);
            }
            close();
            file++;
            row = 0;
            open();
            next = reader == null ? null : reader.read();
        }
        if (next == null && reader != null) {
            index.requireRows(file, row);
        }
    }

    private void open() throws IOException {
        Path path = index.path(file);
        MessageType schema;
        try (ParquetFileReader footer = ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop))) {
            schema = footer.getFooter().getFileMetaData().getSchema();
        }
        columns = TableColumns.of(schema, "table %s: %s".formatted(index.uri(), index.name(file)));
        Configuration projected = new Configuration(hadoop);
        projected.set(
                ReadSupport.PARQUET_READ_SCHEMA, projection(schema, columns).toString());
        reader = ParquetReader.builder(new GroupReadSupport(), path)
                .withConf(projected)
                .build();
    }

    private static MessageType projection(MessageType schema, TableColumns columns) {
        Type image = schema.getType(TableColumns.IMAGE);
        if (columns.nested()) {
            GroupType struct = image.asGroupType();
            List<Type> fields = struct.getFields().stream()
                    .filter(field -> field.getName().equals(TableColumns.BYTES)
                            || (columns.hasPath() && field.getName().equals(TableColumns.PATH)))
                    .toList();
            image = struct.withNewFields(fields);
        }
        return new MessageType(schema.getName(), image, schema.getType(TableColumns.LABEL));
    }

    private byte[] packed(Group group) {
        TableColumns known = columns;
        if (known == null) {
            throw new IllegalStateException("Cannot read a row: no file is open");
        }
        long id = index.id(file, row);
        if (isNull(group, TableColumns.LABEL)) {
            throw SamplePacker.wrong(index, file, row, "label is null");
        }
        long label =
                known.longLabels() ? group.getLong(TableColumns.LABEL, 0) : group.getInteger(TableColumns.LABEL, 0);
        SamplePacker.requireLabel(index, file, row, label, classes);
        if (isNull(group, TableColumns.IMAGE)) {
            throw SamplePacker.wrong(index, file, row, "image is null");
        }
        Group image = known.nested() ? group.getGroup(TableColumns.IMAGE, 0) : group;
        String bytes = known.nested() ? TableColumns.BYTES : TableColumns.IMAGE;
        if (isNull(image, bytes)) {
            throw SamplePacker.wrong(index, file, row, "image is null");
        }
        String path = known.hasPath() && !isNull(image, TableColumns.PATH) ? image.getString(TableColumns.PATH, 0) : "";
        return new EncodedSample(
                        id, (int) label, path, image.getBinary(bytes, 0).getBytes())
                .pack();
    }

    private static boolean isNull(Group group, String field) {
        return group.getFieldRepetitionCount(field) == 0;
    }
}
