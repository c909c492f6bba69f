package org.sandglass.job.data;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.parquet.column.statistics.Statistics;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.sandglass.job.failure.JobFailure;

/**
 * What a file's footer says.
 *
 * @param name path below the table's root
 * @param hasNullImages whether the footer says that there are; writers leave the statistics of
 *     large images out, so false is no promise
 */
record TableFile(String name, long rows, TableColumns columns, boolean hasNullImages) {

    /** @throws JobFailure if it is no Parquet file, or has other columns */
    static TableFile read(String uri, String name, FileStatus status, Configuration hadoop) {
        String where = "table %s: %s".formatted(uri, name);
        try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromStatus(status, hadoop))) {
            TableColumns columns =
                    TableColumns.of(reader.getFooter().getFileMetaData().getSchema(), where);
            return new TableFile(name, reader.getRecordCount(), columns, hasNullImages(reader, columns));
        } catch (JobFailure e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            throw JobFailure.data("Cannot read %s: not a whole Parquet file: %s".formatted(where, e.getMessage()), e);
        }
    }

    private static boolean hasNullImages(ParquetFileReader reader, TableColumns columns) {
        for (BlockMetaData block : reader.getRowGroups()) {
            for (ColumnChunkMetaData chunk : block.getColumns()) {
                Statistics<?> statistics = chunk.getStatistics();
                if (chunk.getPath().equals(columns.bytesPath()) && statistics != null && statistics.getNumNulls() > 0) {
                    return true;
                }
            }
        }
        return false;
    }
}
