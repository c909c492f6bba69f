package org.sandglass.job.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.sandglass.job.failure.JobFailure;

/** The files below a directory, in the order of their paths, whole and in memory. */
final class ImageFiles {

    private ImageFiles() {}

    static List<byte[]> read(Path directory) {
        List<byte[]> files = new ArrayList<>();
        try (Stream<Path> found = Files.walk(directory)) {
            for (Path file : found.filter(Files::isRegularFile).sorted().toList()) {
                files.add(Files.readAllBytes(file));
            }
        } catch (IOException | UncheckedIOException e) {
            throw JobFailure.usage("Cannot read images: " + directory + ": " + e.getMessage());
        }
        return files;
    }
}
