package org.sandglass.job.data;

import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.JobFailure;

/**
 * From (file, row) to sample id and back: ids count through the rows of the files in the listing's order. Immutable but
 * for a cache; thread-safe. Its size is that of the list of files, whatever the number of samples.
 */
final class FileIndex implements Serializable {

    private static final long serialVersionUID = 1L;

    private final String uri;
    private final String root;
    private final String rootUri;
    private final String[] names;
    /** Of each file, and at the end the number of samples. */
    private final long[] firstIds;

    private transient volatile @Nullable Map<String, Integer> filesByPath;

    FileIndex(String uri, Path root, List<TableFile> files) {
        this.uri = uri;
        this.root = root.toUri().getPath();
        this.rootUri = root.toString();
        this.names = files.stream().map(TableFile::name).toArray(String[]::new);
        this.firstIds = new long[files.size() + 1];
        for (int file = 0; file < files.size(); file++) {
            firstIds[file + 1] = firstIds[file] + files.get(file).rows();
        }
    }

    long samples() {
        return firstIds[names.length];
    }

    String name(int file) {
        return names[file];
    }

    Path path(int file) {
        return new Path(new Path(rootUri), names[file]);
    }

    /** @throws JobFailure unless the file has so many rows */
    void requireRows(int file, long rows) {
        long known = firstIds[file + 1] - firstIds[file];
        if (rows != known) {
            throw JobFailure.data(
                    "Cannot read table %s: %s had %d rows when it was opened, and has %d: do not change a table while it is in use"
                            .formatted(uri, names[file], known, rows));
        }
    }

    /** @param filePath as Spark's {@code _metadata.file_path} gives it */
    int file(String filePath) {
        Map<String, Integer> files = filesByPath();
        Integer file = files.get(new Path(filePath).toUri().getPath());
        if (file == null) {
            // Spark's versions differ in whether they encode the path.
            file = files.get(decoded(filePath));
        }
        if (file == null) {
            throw JobFailure.data(("Cannot read table %s: %s was not there when it was opened: do not change a table"
                            + " while it is in use")
                    .formatted(uri, filePath));
        }
        return file;
    }

    long id(int file, long row) {
        long id = firstIds[file] + row;
        if (row < 0 || id >= firstIds[file + 1]) {
            throw JobFailure.data(
                    ("Cannot read table %s: row %d of %s was not there when it was opened: do not change a"
                                    + " table while it is in use")
                            .formatted(uri, row, names[file]));
        }
        return id;
    }

    /** For example {@code row 17 of part-00003.parquet}; rows count from 0. */
    String describe(long id) {
        if (id < 0 || id >= samples()) {
            return "no row of table " + uri;
        }
        int found = Arrays.binarySearch(firstIds, id);
        int file = found >= 0 ? found : -found - 2;
        // Of the files that start at this id, all but the last are empty.
        while (firstIds[file + 1] == id) {
            file++;
        }
        return describe(file, id - firstIds[file]);
    }

    String describe(int file, long row) {
        return "row %d of %s".formatted(row, names[file]);
    }

    String uri() {
        return uri;
    }

    private Map<String, Integer> filesByPath() {
        Map<String, Integer> known = filesByPath;
        if (known == null) {
            known = new HashMap<>();
            String prefix = root.endsWith("/") ? root : root + "/";
            for (int file = 0; file < names.length; file++) {
                known.put(prefix + names[file], file);
            }
            filesByPath = known;
        }
        return known;
    }

    private static @Nullable String decoded(String filePath) {
        try {
            return new URI(filePath).getPath();
        } catch (URISyntaxException e) {
            return null;
        }
    }
}
