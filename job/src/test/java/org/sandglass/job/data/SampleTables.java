package org.sandglass.job.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** Writes small tables. */
final class SampleTables {

    static final StructType IMAGE_STRUCT =
            new StructType().add("bytes", DataTypes.BinaryType).add("path", DataTypes.StringType);

    private SampleTables() {}

    static StructType nested() {
        return schema(IMAGE_STRUCT, DataTypes.IntegerType);
    }

    static StructType flat() {
        return schema(DataTypes.BinaryType, DataTypes.LongType);
    }

    static StructType schema(DataType image, DataType label) {
        return new StructType().add("image", image).add("label", label);
    }

    static Row nestedRow(byte @Nullable [] image, @Nullable String path, @Nullable Integer label) {
        return RowFactory.create(RowFactory.create(image, path), label);
    }

    static Row flatRow(byte @Nullable [] image, @Nullable Long label) {
        return RowFactory.create(image, label);
    }

    /** Rows whose image bytes are their number and whose labels repeat 0, 1, …, classes − 1. */
    static List<Row> numbered(int first, int count, int classes) {
        List<Row> rows = new ArrayList<>();
        for (int i = first; i < first + count; i++) {
            rows.add(nestedRow(("image " + i).getBytes(StandardCharsets.UTF_8), "p" + i, i % classes));
        }
        return rows;
    }

    /** One Parquet file of exactly these rows, under that name. */
    static void write(Path file, StructType schema, List<Row> rows) {
        try {
            Files.createDirectories(file.getParent());
            Path scratch = Files.createTempDirectory(file.getParent(), ".scratch");
            LocalSpark.session()
                    .createDataFrame(rows, schema)
                    .coalesce(1)
                    .write()
                    .mode("overwrite")
                    .parquet(scratch.toString());
            try (var files = Files.list(scratch)) {
                Path part = files.filter(path -> path.getFileName().toString().startsWith("part-"))
                        .findFirst()
                        .orElseThrow();
                Files.move(part, file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A directory of {@code files} files with together {@code samples} numbered rows. */
    static Path numberedTable(Path directory, int samples, int classes, int files) {
        EvenBlocks blocks = new EvenBlocks(samples, files);
        for (int file = 0; file < files; file++) {
            write(
                    directory.resolve("part-%05d.parquet".formatted(file)),
                    nested(),
                    numbered((int) blocks.first(file), (int) blocks.length(file), classes));
        }
        return directory;
    }
}
