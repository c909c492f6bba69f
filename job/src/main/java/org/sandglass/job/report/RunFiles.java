package org.sandglass.job.report;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

/**
 * Small files under one directory of any Hadoop file system, each replaced whole. Where the file system renames
 * atomically (local, HDFS), a file is written under another name first; object stores show a file only when its write
 * is complete.
 *
 * <p>A FileSystem object is asked for at every operation and never kept: Hadoop's own cache knows whose credentials an
 * object has, and a run may outlive them.
 */
public final class RunFiles {

    private static final Set<String> RENAMING = Set.of("file", "hdfs", "viewfs");

    private final Path directory;
    private final Configuration hadoop;

    public RunFiles(String uri, Configuration hadoop) {
        this.hadoop = hadoop;
        try {
            Path path = new Path(uri);
            this.directory = path.getFileSystem(hadoop).makeQualified(path);
        } catch (IOException | IllegalArgumentException e) {
            throw new JobFailure(ExitCode.USAGE, "Cannot open directory: " + uri + ": " + e.getMessage(), e);
        }
    }

    /** Writes one file, whose directory is made where it is missing. */
    public static void write(String uri, Configuration hadoop, String text) {
        Path path = new Path(uri);
        Path parent = path.getParent();
        new RunFiles(parent == null ? Path.CUR_DIR : parent.toString(), hadoop).write(path.getName(), text);
    }

    /** Reads one file, if it is there. */
    public static Optional<String> readFile(String uri, Configuration hadoop) {
        Path path = new Path(uri);
        Path parent = path.getParent();
        return new RunFiles(parent == null ? Path.CUR_DIR : parent.toString(), hadoop).read(path.getName());
    }

    private FileSystem files() throws IOException {
        FileSystem found = directory.getFileSystem(hadoop);
        // Without Hadoop's hidden .crc files: people edit and copy these files with ordinary tools.
        return found instanceof LocalFileSystem local ? local.getRaw() : found;
    }

    public String uri(String name) {
        return name.isEmpty() ? directory.toString() : new Path(directory, name).toString();
    }

    /** Names in the directory; none if it does not exist. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        try {
            for (FileStatus status : files().listStatus(directory)) {
                names.add(status.getPath().getName());
            }
        } catch (FileNotFoundException e) {
            return List.of();
        } catch (IOException e) {
            throw failure("list", "", e);
        }
        return names;
    }

    boolean isFile() {
        try {
            return files().getFileStatus(directory).isFile();
        } catch (FileNotFoundException e) {
            return false;
        } catch (IOException e) {
            throw failure("list", "", e);
        }
    }

    public Optional<String> read(String name) {
        try (InputStream in = files().open(new Path(directory, name))) {
            return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (FileNotFoundException e) {
            return Optional.empty();
        } catch (IOException | FSError e) {
            throw failure("read", name, e);
        }
    }

    public void write(String name, String text) {
        write(name, text.getBytes(StandardCharsets.UTF_8));
    }

    void write(String name, byte[] bytes) {
        Path target = new Path(directory, name);
        boolean renaming = RENAMING.contains(directory.toUri().getScheme());
        Path written = renaming ? new Path(target.getParent(), "." + target.getName() + ".tmp") : target;
        try {
            try (OutputStream out = files().create(written, true)) {
                out.write(bytes);
            }
            if (renaming) {
                FileContext.getFileContext(directory.toUri(), hadoop).rename(written, target, Options.Rename.OVERWRITE);
            }
        } catch (IOException | FSError e) { // the latter is the local file system's where a disk is full
            throw failure("write", name, e);
        }
    }

    void delete(String name) {
        try {
            files().delete(new Path(directory, name), true);
        } catch (IOException e) {
            throw failure("delete", name, e);
        }
    }

    private JobFailure failure(String verb, String name, Throwable e) {
        return new JobFailure(
                ExitCode.OTHER,
                "Cannot " + verb + " " + uri(name) + ": " + e.getMessage()
                        + "; make it usable, or choose another place",
                e);
    }
}
