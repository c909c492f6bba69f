package org.sandglass.ops.device.cuda;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Where the dynamic linker finds shared libraries on Linux, for messages: nothing is loaded. */
final class SharedLibraries {
    private static final Path CACHE = Path.of("/etc/ld.so.cache");

    private SharedLibraries() {}

    /** Those that neither lie on a path that is searched nor are in the linker's cache. */
    static List<String> absent(List<String> sonames) {
        List<Path> folders = Stream.of(
                        System.getenv("LD_LIBRARY_PATH"),
                        System.getProperty("org.bytedeco.javacpp.platform.linkpath"),
                        System.getProperty("java.library.path"))
                .filter(Objects::nonNull)
                .flatMap(path -> Stream.of(path.split(File.pathSeparator)))
                .filter(folder -> !folder.isEmpty())
                .map(Path::of)
                .toList();
        String cached = cache();
        return sonames.stream()
                .filter(soname -> !cached.contains(soname + "\0")
                        && folders.stream().noneMatch(folder -> Files.exists(folder.resolve(soname))))
                .toList();
    }

    private static String cache() {
        try {
            return new String(Files.readAllBytes(CACHE), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
