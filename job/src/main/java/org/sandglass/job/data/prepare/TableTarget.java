package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;

/**
 * The directory that a table is being written to.
 *
 * <p>The file {@value TableManifest#UNFINISHED_FILE_NAME} stands in it from the claim until the manifest is written, so
 * that nobody takes an import that was killed for a table that someone else made.
 */
record TableTarget(Configuration hadoop, String uri) {

    /** What a table has been filled with. */
    record Filled(TableManifest manifest, List<UnreadableImage> unreadable) {}

    /** @throws JobFailure (usage) if there is something already */
    void requireFree() {
        Path directory = new Path(uri);
        try {
            FileSystem fileSystem = directory.getFileSystem(hadoop);
            if (!fileSystem.exists(directory)) {
                return;
            }
            if (fileSystem.exists(new Path(directory, TableManifest.FILE_NAME))) {
                throw occupied("a prepared table is there; choose another place, or remove it first");
            }
            if (fileSystem.exists(new Path(directory, TableManifest.UNFINISHED_FILE_NAME))) {
                throw occupied("an import that did not finish is there (or still runs); remove the directory to start"
                        + " again");
            }
            FileStatus[] content = fileSystem.listStatus(directory);
            if (fileSystem.getFileStatus(directory).isFile() || content.length > 0) {
                throw occupied("it is not empty (%s); choose another place"
                        .formatted(content[0].getPath().getName()));
            }
        } catch (IOException e) {
            throw JobFailure.usage("Cannot write a table: %s: %s".formatted(uri, e.getMessage()));
        }
    }

    /**
     * Claims the directory, lets it be filled, and writes the manifest last; on any failure it is removed again.
     *
     * @param work writes the rows
     */
    ImportResult fill(Supplier<Filled> work) {
        claim();
        try {
            Filled filled = work.get();
            finish(filled.manifest());
            return new ImportResult(
                    Map.of(uri, filled.manifest()), filled.manifest().skipped(), filled.unreadable());
        } catch (RuntimeException e) {
            abandon();
            throw e;
        }
    }

    private void claim() {
        requireFree();
        Path marker = new Path(uri, TableManifest.UNFINISHED_FILE_NAME);
        try {
            marker.getFileSystem(hadoop).create(marker, false).close();
        } catch (IOException e) {
            throw JobFailure.usage("Cannot write a table: %s: %s".formatted(uri, e.getMessage()));
        }
    }

    private void finish(TableManifest manifest) {
        Path marker = new Path(uri, TableManifest.UNFINISHED_FILE_NAME);
        try {
            manifest.write(hadoop, uri);
            marker.getFileSystem(hadoop).delete(marker, false);
        } catch (IOException e) {
            throw JobFailure.data("Cannot finish a table: %s: %s".formatted(uri, e.getMessage()));
        }
    }

    private void abandon() {
        Path directory = new Path(uri);
        try {
            directory.getFileSystem(hadoop).delete(directory, true);
        } catch (IOException e) {
            throw JobFailure.data("Cannot remove an unfinished table: %s: %s".formatted(uri, e.getMessage()));
        }
    }

    private JobFailure occupied(String reason) {
        return JobFailure.usage("Cannot write a table: %s: %s".formatted(uri, reason));
    }
}
