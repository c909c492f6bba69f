package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Lists the images of a tar archive.
 *
 * <p>A plain archive is only skipped through, and its images can then be read from their offsets in any order. A
 * compressed one is decompressed whole, once here and once more when it is read.
 */
final class TarListing {

    private static final int MAGIC_BYTES = 6;

    private TarListing() {}

    static ImageListing of(FileSystem fileSystem, Path archive) throws IOException {
        boolean compressed = isCompressed(fileSystem, archive);
        // Unbuffered where plain, so that the stream's position is the entry's.
        try (FSDataInputStream in = fileSystem.open(archive);
                TarEntries entries = compressed ? TarEntries.decompressing(in) : new TarEntries(in)) {
            return list(entries, archive.toString(), compressed ? () -> -1 : () -> position(in), !compressed);
        }
    }

    private static ImageListing list(TarEntries entries, String file, LongSupplier offset, boolean seekable)
            throws IOException {
        List<ImageReference> images = new ArrayList<>();
        Set<String> directories = new LinkedHashSet<>();
        List<UnreadableImage> unreadable = new ArrayList<>();
        while (entries.advance()) {
            String path = entries.path();
            if (entries.isDirectory()) {
                directories.add(path);
            } else if (ImagePaths.isImage(path)) {
                if (entries.isLink()) {
                    unreadable.add(new UnreadableImage(path, "a link within the archive"));
                } else {
                    images.add(new ImageReference(path, file, offset.getAsLong(), entries.length()));
                }
            }
        }
        return new ImageListing(images, List.copyOf(directories), unreadable, seekable);
    }

    private static boolean isCompressed(FileSystem fileSystem, Path archive) throws IOException {
        try (FSDataInputStream in = fileSystem.open(archive)) {
            return TarEntries.isCompressed(in.readNBytes(MAGIC_BYTES));
        }
    }

    private static long position(FSDataInputStream in) {
        try {
            return in.getPos();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
