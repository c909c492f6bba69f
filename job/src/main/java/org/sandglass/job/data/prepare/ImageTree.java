package org.sandglass.job.data.prepare;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.sandglass.job.failure.JobFailure;

/**
 * The classes of a tree of images: the folders below the one folder that holds them all, in the order of their names.
 *
 * @param depth number of leading components that all images share and that are no class
 * @param classNames sorted; the label is the index
 */
record ImageTree(int depth, List<String> classNames) implements Serializable {

    private static final Set<String> SPLITS = Set.of("train", "val", "valid", "validation", "test", "eval", "dev");
    private static final int LISTED = 5;

    /** @throws JobFailure (data) if there are no images, or some without a class, or classes without images */
    static ImageTree of(String source, ImageListing listing) {
        if (listing.images().isEmpty()) {
            throw JobFailure.data("Cannot prepare images: %s: no JPEG or PNG in it".formatted(source));
        }
        List<String> paths = listing.images().stream().map(ImageReference::path).toList();
        int depth = commonDirectories(paths);
        List<String> withoutClass =
                paths.stream().filter(path -> directories(path) == depth).toList();
        if (depth > 0 && withoutClass.size() == paths.size()) {
            return new ImageTree(
                    depth - 1, List.of(ImagePaths.components(paths.get(0)).get(depth - 1)));
        }
        if (!withoutClass.isEmpty()) {
            throw JobFailure.data("Cannot prepare images: %s: %d images lie in no class's folder: %s"
                    .formatted(source, withoutClass.size(), some(withoutClass)));
        }
        TreeSet<String> names = paths.stream()
                .map(path -> ImagePaths.components(path).get(depth))
                .collect(Collectors.toCollection(TreeSet::new));
        requireOneSplit(source, names);
        requireImages(source, listing, depth, names);
        return new ImageTree(depth, List.copyOf(names));
    }

    Map<String, Integer> labels() {
        Map<String, Integer> labels = new HashMap<>();
        for (String name : classNames) {
            labels.put(name, labels.size());
        }
        return labels;
    }

    String classOf(String path) {
        return ImagePaths.components(path).get(depth);
    }

    /** The path from the class's folder on. */
    String within(String path) {
        List<String> parts = ImagePaths.components(path);
        return String.join("/", parts.subList(depth, parts.size()));
    }

    private static void requireOneSplit(String source, Set<String> names) {
        if (names.size() > 1 && SPLITS.containsAll(names)) {
            throw JobFailure.usage("Cannot prepare images: %s: holds several sets %s; prepare one at a time (--root %s)"
                    .formatted(source, names, names.iterator().next()));
        }
    }

    private static void requireImages(String source, ImageListing listing, int depth, Set<String> names) {
        List<String> empty = listing.directories().stream()
                .map(ImagePaths::components)
                .filter(parts -> parts.size() == depth + 1 && !names.contains(parts.get(depth)))
                .map(parts -> parts.get(depth))
                .toList();
        if (!empty.isEmpty()) {
            throw JobFailure.data(
                    "Cannot prepare images: %s: %d folders hold no JPEG or PNG, so their classes would have"
                                    .formatted(source, empty.size())
                            + " no samples: " + some(empty) + "; remove them or add their images");
        }
    }

    private static int commonDirectories(List<String> paths) {
        List<String> common = ImagePaths.components(paths.get(0));
        int depth = common.size() - 1;
        for (String path : paths) {
            List<String> parts = ImagePaths.components(path);
            int shared = 0;
            while (shared < Math.min(depth, parts.size() - 1)
                    && parts.get(shared).equals(common.get(shared))) {
                shared++;
            }
            depth = shared;
        }
        return depth;
    }

    private static int directories(String path) {
        return ImagePaths.components(path).size() - 1;
    }

    private static String some(List<String> names) {
        String shown = names.stream().limit(LISTED).collect(Collectors.joining(", "));
        return names.size() > LISTED ? shown + ", …" : shown;
    }
}
