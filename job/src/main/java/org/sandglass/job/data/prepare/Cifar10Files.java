package org.sandglass.job.data.prepare;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.failure.JobFailure;

/**
 * The files of CIFAR-10's binary version, in their archive or in the folder that it unpacks to.
 *
 * @param source URI of either
 * @param lengths in bytes, by file name
 */
record Cifar10Files(Configuration hadoop, String source, Map<String, Long> lengths) {

    private static final String CLASS_NAMES = "batches.meta.txt";
    private static final String FOLDER = "cifar-10-batches-bin";

    static Cifar10Files open(Configuration hadoop, String source) {
        Path path = new Path(source);
        try {
            FileSystem fileSystem = path.getFileSystem(hadoop);
            if (!fileSystem.exists(path)) {
                throw JobFailure.data("Cannot read CIFAR-10: %s: no such file or directory".formatted(source));
            }
            if (!fileSystem.getFileStatus(path).isDirectory()) {
                return new Cifar10Files(hadoop, source, archived(fileSystem, path));
            }
            Path inner = new Path(path, FOLDER);
            return folder(hadoop, fileSystem, fileSystem.exists(inner) ? inner : path);
        } catch (IOException e) {
            throw JobFailure.data("Cannot read CIFAR-10: %s: %s".formatted(source, e.getMessage()));
        }
    }

    List<String> classNames() {
        requireAll(List.of(CLASS_NAMES));
        try (InputStream in = stream(CLASS_NAMES)) {
            List<String> names = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(String::strip)
                    .filter(name -> !name.isEmpty())
                    .toList();
            if (names.isEmpty()) {
                throw JobFailure.data("Cannot read CIFAR-10: %s: %s names no classes".formatted(source, CLASS_NAMES));
            }
            return names;
        } catch (IOException e) {
            throw JobFailure.data("Cannot read CIFAR-10: %s: %s: %s".formatted(source, CLASS_NAMES, e.getMessage()));
        }
    }

    void requireAll(List<String> names) {
        List<String> missing =
                names.stream().filter(name -> !lengths.containsKey(name)).toList();
        if (!missing.isEmpty()) {
            throw JobFailure.data(
                    "Cannot read CIFAR-10: %s: has no %s; the binary version is needed (cifar-10-binary.tar.gz)"
                            .formatted(source, missing));
        }
    }

    long images(List<String> names) {
        return names.stream().mapToLong(name -> lengths.getOrDefault(name, 0L)).sum() / Cifar10Batch.RECORD;
    }

    /** Reads one file from its start. */
    InputStream stream(String name) throws IOException {
        Path path = new Path(source);
        FileSystem fileSystem = path.getFileSystem(hadoop);
        if (fileSystem.getFileStatus(path).isDirectory()) {
            return fileSystem.open(new Path(path, name));
        }
        TarEntries entries = TarEntries.decompressing(fileSystem.open(path));
        while (entries.advance()) {
            if (new Path(entries.path()).getName().equals(name) && !entries.isDirectory()) {
                return new FilterInputStream(entries.stream()) {
                    @Override
                    public void close() throws IOException {
                        entries.close();
                    }
                };
            }
        }
        entries.close();
        throw JobFailure.data("Cannot read CIFAR-10: %s: has no %s".formatted(source, name));
    }

    private static Cifar10Files folder(Configuration hadoop, FileSystem fileSystem, Path folder) throws IOException {
        Map<String, Long> lengths = new HashMap<>();
        for (FileStatus status : fileSystem.listStatus(folder)) {
            lengths.put(status.getPath().getName(), status.getLen());
        }
        return new Cifar10Files(hadoop, folder.toString(), lengths);
    }

    private static Map<String, Long> archived(FileSystem fileSystem, Path archive) throws IOException {
        Map<String, Long> lengths = new HashMap<>();
        try (TarEntries entries = TarEntries.decompressing(fileSystem.open(archive))) {
            while (entries.advance()) {
                if (!entries.isDirectory()) {
                    lengths.put(new Path(entries.path()).getName(), entries.length());
                }
            }
        }
        return lengths;
    }
}
