package org.sandglass.job.data;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.sandglass.job.failure.JobFailure;

/**
 * What a file's footer says.
 *
 * @param name path below the table's root
 * @param length in bytes
 * @param modifiedMillis when it was written
 * @param imageBytes of all images together, as they stand in the file before compression
 * @param rowGroupBytes of the largest row group's images, as they stand in the file: what a task that reads it holds
 * @param hasNullImages whether the footer says that there are; writers leave the statistics of
 *     large images out, so false is no promise
 */
record TableFile(
        String name,
        long length,
        long modifiedMillis,
        long rows,
        TableColumns columns,
        long imageBytes,
        long rowGroupBytes,
        boolean hasNullImages) {

    /** @throws JobFailure if it is no Parquet file, or has other columns */
    static TableFile read(String uri, String name, FileStatus status, Configuration hadoop) {
        String where = "table %s: %s".formatted(uri, name);
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromStatus(status, hadoop))) {
            TableColumns columns =
                    TableColumns.of(reader.getFooter().getFileMetaData().getSchema(), where);
            List<ColumnChunkMetaData> images = imageChunks(reader, columns);
            return new TableFile(
                    name,
                    status.getLen(),
                    status.getModificationTime(),
                    reader.getRecordCount(),
                    columns,
                    images.stream()
                            .mapToLong(ColumnChunkMetaData::getTotalUncompressedSize)
                            .sum(),
                    images.stream()
                            .mapToLong(ColumnChunkMetaData::getTotalSize)
                            .max()
                            .orElse(0),
                    images.stream().anyMatch(TableFile::hasNulls));
        } catch (JobFailure e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw JobFailure.data("Cannot read %s: not a whole Parquet file: %s".formatted(where, e.getMessage()), e);
        }
    }

    private static List<ColumnChunkMetaData> imageChunks(ParquetFileReader reader, TableColumns columns) {
        return reader.getRowGroups().stream()
                .flatMap(block -> block.getColumns().stream())
                .filter(chunk -> chunk.getPath().equals(columns.bytesPath()))
                .toList();
    }

    private static boolean hasNulls(ColumnChunkMetaData chunk) {
        Statistics<?> statistics = chunk.getStatistics();
        return statistics != null && statistics.getNumNulls() > 0;
    }
}
