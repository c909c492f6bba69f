package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Lists the images below a directory of any Hadoop file system, in the order of their paths. */
final class FolderListing {

    private final FileSystem fileSystem;
    private final List<ImageReference> images = new ArrayList<>();
    private final List<String> directories = new ArrayList<>();

    private FolderListing(FileSystem fileSystem) {
        this.fileSystem = fileSystem;
    }

    static ImageListing of(FileSystem fileSystem, Path directory) throws IOException {
        FolderListing listing = new FolderListing(fileSystem);
        listing.visit(directory, "");
        return new ImageListing(listing.images, listing.directories, List.of(), true);
    }

    private void visit(Path directory, String prefix) throws IOException {
        FileStatus[] content = fileSystem.listStatus(directory);
        Arrays.sort(content, Comparator.comparing(status -> status.getPath().getName()));
        for (FileStatus status : content) {
            String name = status.getPath().getName();
            if (ImagePaths.isJunk(name)) {
                continue;
            }
            if (status.isDirectory()) {
                directories.add(prefix + name);
                visit(status.getPath(), prefix + name + "/");
            } else if (ImagePaths.isImage(name)) {
                images.add(new ImageReference(prefix + name, status.getPath().toString(), 0, status.getLen()));
            }
        }
    }
}
