package org.sandglass.job.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.failure.JobFailure;

/**
 * What a prepared table says about itself: the file {@value #FILE_NAME} in its directory, written after all rows.
 *
 * <p>A table of ours without a manifest was not finished. Tables that others wrote have none.
 *
 * @param rows number of images
 * @param classes number of classes; labels are in [0, classes)
 * @param classNames name per label; may be empty
 * @param skipped images that could not be read and were left out
 * @param checksum sum over the rows, whatever their order, of the SHA-256 of label and image bytes, modulo 2^128, in hex
 * @param source what the table was made of
 * @param createdBy program and command
 */
public record TableManifest(
        long rows,
        int classes,
        List<String> classNames,
        long skipped,
        String checksum,
        String source,
        String createdBy) {

    public static final String FILE_NAME = "_sandglass.json";

    /** Stands in a table's directory while it is being written; a directory that has it is no table. */
    public static final String UNFINISHED_FILE_NAME = "_sandglass.unfinished";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .build();

    /** @throws IllegalArgumentException if the numbers contradict each other */
    public TableManifest {
        classNames = List.copyOf(classNames);
        if (rows < 0 || classes < 1 || skipped < 0 || !(classNames.isEmpty() || classNames.size() == classes)) {
            throw new IllegalArgumentException("Cannot describe a table: rows=%d classes=%d classNames=%d skipped=%d"
                    .formatted(rows, classes, classNames.size(), skipped));
        }
    }

    /**
     * The manifest of the table at {@code tableUri}, if it has one.
     *
     * @throws JobFailure (data) if it has one that cannot be read, or if its import did not finish
     */
    public static Optional<TableManifest> read(Configuration hadoop, String tableUri) {
        Path file = new Path(tableUri, FILE_NAME);
        try {
            FileSystem fileSystem = file.getFileSystem(hadoop);
            if (!fileSystem.exists(file)) {
                requireNotUnfinished(fileSystem, tableUri);
                return Optional.empty();
            }
            try (InputStream in = fileSystem.open(file)) {
                return Optional.of(JSON.readValue(in, TableManifest.class));
            }
        } catch (JsonProcessingException e) {
            throw JobFailure.data("Cannot read the table's manifest: %s: %s; prepare the table again"
                    .formatted(file, e.getOriginalMessage()));
        } catch (IOException e) {
            throw JobFailure.data("Cannot read the table's manifest: %s: %s".formatted(file, e.getMessage()));
        }
    }

    /** Writes it; the last thing to be written of a table. */
    public void write(Configuration hadoop, String tableUri) throws IOException {
        Path file = new Path(tableUri, FILE_NAME);
        try (OutputStream out = file.getFileSystem(hadoop).create(file, false)) {
            out.write(JSON.writeValueAsBytes(this));
        }
    }

    private static void requireNotUnfinished(FileSystem fileSystem, String tableUri) throws IOException {
        if (fileSystem.exists(new Path(tableUri, UNFINISHED_FILE_NAME))) {
            throw JobFailure.data("Cannot open table %s: its import did not finish; remove it and prepare it again"
                    .formatted(tableUri));
        }
    }
}
