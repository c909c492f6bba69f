package org.sandglass.job.data.prepare;

import java.util.List;

/**
 * What a source holds.
 *
 * @param images in the order of the source
 * @param directories those of the source, with or without images
 * @param unreadable found, but not to be read, such as links
 * @param seekable whether images can be read in any order
 */
record ImageListing(
        List<ImageReference> images, List<String> directories, List<UnreadableImage> unreadable, boolean seekable) {

    TableWriter.Amount amount() {
        return new TableWriter.Amount(
                images.size(), images.stream().mapToLong(ImageReference::length).sum());
    }

    /** What lies below a directory, with paths from there. */
    ImageListing below(String prefix) {
        if (prefix.isEmpty()) {
            return this;
        }
        return new ImageListing(
                images.stream()
                        .filter(image -> image.path().startsWith(prefix))
                        .map(image -> new ImageReference(
                                image.path().substring(prefix.length()), image.file(), image.offset(), image.length()))
                        .toList(),
                directories.stream()
                        .filter(path -> path.startsWith(prefix))
                        .map(path -> path.substring(prefix.length()))
                        .toList(),
                unreadable.stream()
                        .filter(image -> image.path().startsWith(prefix))
                        .toList(),
                seekable);
    }
}
