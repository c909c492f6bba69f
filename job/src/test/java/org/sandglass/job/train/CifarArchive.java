package org.sandglass.job.train;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** CIFAR-10 as JPEG files, {@code train/class/number.jpg} and {@code test/class/number.jpg}, where it lies beside the checkout. */
final class CifarArchive {

    private static final Path FILE = Path.of("..", "..", "shared", "data", "cifar10-jpeg.tar.xz");

    private CifarArchive() {}

    static boolean isHere() {
        return Files.isReadable(FILE);
    }

    /** Writes the files whose whole names match below a directory. */
    static void extract(Pattern names, Path directory) throws IOException {
        try (InputStream file = Files.newInputStream(FILE);
                TarArchiveInputStream entries = new TarArchiveInputStream(
                        new BufferedInputStream(new XZCompressorInputStream(file, true), 1 << 16))) {
            for (TarArchiveEntry entry = entries.getNextTarEntry(); entry != null; entry = entries.getNextTarEntry()) {
                if (names.matcher(entry.getName()).matches()) {
                    Path target = directory.resolve(entry.getName());
                    Files.createDirectories(target.getParent());
                    Files.copy(entries, target);
                }
            }
        }
    }
}
