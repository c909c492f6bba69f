package org.sandglass.job.data.prepare;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Which paths of a source count: images by their extension, and nothing that systems leave behind. */
final class ImagePaths {

    private static final List<String> EXTENSIONS = List.of(".jpg", ".jpeg", ".png");

    private ImagePaths() {}

    /** Components joined by single slashes, without a leading slash or dots. */
    static String normalized(String path) {
        return String.join("/", components(path));
    }

    static List<String> components(String path) {
        return Arrays.stream(path.split("/"))
                .filter(part -> !part.isEmpty() && !part.equals("."))
                .toList();
    }

    static boolean isImage(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return EXTENSIONS.stream().anyMatch(lower::endsWith);
    }

    /** Hidden files, and what archivers and desktops add to other people's folders. */
    static boolean isJunk(String name) {
        return name.startsWith(".") || name.equals("__MACOSX") || name.startsWith("@eaDir");
    }

    static boolean hasJunk(String path) {
        return components(path).stream().anyMatch(ImagePaths::isJunk);
    }
}
