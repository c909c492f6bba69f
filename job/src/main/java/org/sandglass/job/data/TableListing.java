package org.sandglass.job.data;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.failure.JobFailure;

/**
 * The data files of a table in the order that gives its samples their ids: by path below the root.
 *
 * <p>What is a data file is what Spark's reader takes for one: everything below the root but names that start with
 * {@code _} or {@code .}.
 *
 * @param root what the names are relative to; qualified
 * @param isDirectory whether the table is a directory, and not a single file
 */
record TableListing(Path root, boolean isDirectory, List<Entry> entries) {

    /** @param name path below the root */
    record Entry(String name, FileStatus status) {}

    /** @throws JobFailure if there is nothing, or no data file, or an empty one */
    static TableListing of(String uri, Configuration hadoop) {
        if (uri.isBlank()) {
            throw JobFailure.data("Cannot open table: the URI is empty");
        }
        try {
            Path path = new Path(uri);
            FileSystem files = path.getFileSystem(hadoop);
            FileStatus status = files.getFileStatus(path);
            Path root =
                    status.isDirectory() ? status.getPath() : status.getPath().getParent();
            List<Entry> entries = new ArrayList<>();
            if (status.isDirectory()) {
                collect(files, status.getPath(), "", entries);
            } else {
                entries.add(new Entry(status.getPath().getName(), status));
            }
            entries.sort(Comparator.comparing(Entry::name));
            return checked(uri, new TableListing(root, status.isDirectory(), List.copyOf(entries)));
        } catch (FileNotFoundException e) {
            throw failure(uri, "no such file or directory; to make a table see `sandglass prepare`", e);
        } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
            throw failure(uri, String.valueOf(e.getMessage()), e);
        }
    }

    private static void collect(FileSystem files, Path directory, String prefix, List<Entry> entries)
            throws IOException {
        for (FileStatus status : files.listStatus(directory)) {
            String name = status.getPath().getName();
            if (isHidden(name)) {
                continue;
            }
            if (status.isDirectory()) {
                collect(files, status.getPath(), prefix + name + "/", entries);
            } else {
                entries.add(new Entry(prefix + name, status));
            }
        }
    }

    private static boolean isHidden(String name) {
        return name.startsWith(".") || (name.startsWith("_") && !name.contains("=")) || name.endsWith("._COPYING_");
    }

    private static TableListing checked(String uri, TableListing listing) {
        if (listing.entries.isEmpty()) {
            throw JobFailure.data("Cannot open table %s: no Parquet file in it; to make a table see `sandglass prepare`"
                    .formatted(uri));
        }
        for (Entry entry : listing.entries) {
            if (entry.status.getLen() == 0) {
                throw JobFailure.data(
                        ("Cannot open table %s: %s has 0 bytes: a write that never ended? Remove the file,"
                                        + " or write the table again")
                                .formatted(uri, entry.name));
            }
        }
        return listing;
    }

    private static JobFailure failure(String uri, String reason, Exception cause) {
        return JobFailure.data("Cannot open table %s: %s".formatted(uri, reason), cause);
    }
}
