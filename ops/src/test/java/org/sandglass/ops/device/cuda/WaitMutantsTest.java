package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every place in the sources where the host or a stream waits: each is taken out in turn, of a copy, and what is left must be
 * found to compute something else. {@code scripts/mutate-waits} runs it by itself; {@link EventWaitsTest} does the like within a
 * process.
 */
@Tag("cuda-double")
class WaitMutantsTest {
    private static final Path SOURCES = Path.of("src/main/java/org/sandglass/ops/device/cuda");
    private static final Pattern WAIT =
            Pattern.compile("(?:\\w+(?:\\(\\))?\\s*\\.\\s*)+(?:order|hold|drain)\\(\\s*(Wait\\.(\\w+)|why)");
    private static final Pattern NAMED = Pattern.compile("Wait\\.([A-Z_]+)");
    private static final Pattern RAW = Pattern.compile("cudart\\.cuda\\w*(?:WaitEvent|Synchronize)\\(");

    @TempDir
    private Path directory;

    /** A wait in a source file, from its receiver to its closing parenthesis. */
    record Site(String file, int line, String call, int start, int end) {
        @Override
        public String toString() {
            return file + ":" + line + " " + call;
        }
    }

    static List<Site> sites() throws IOException {
        List<Site> sites = new ArrayList<>();
        for (Path file : files()) {
            String source = Files.readString(file);
            Matcher matcher = WAIT.matcher(source);
            while (matcher.find()) {
                int end = closing(source, matcher.start(1));
                String call = source.substring(matcher.start(), end).replaceAll("\\s+", "");
                int line = 1
                        + (int) source.substring(0, matcher.start())
                                .chars()
                                .filter(c -> c == '\n')
                                .count();
                sites.add(new Site(name(file), line, call, matcher.start(), end));
            }
        }
        return sites;
    }

    private static int closing(String source, int inside) {
        int depth = 1;
        int at = inside;
        while (depth > 0) {
            char c = source.charAt(at++);
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
        return at;
    }

    private static List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(SOURCES)) {
            return files.filter(file -> file.toString().endsWith(".java")
                            && !name(file).equals("Wait.java")
                            && !name(file).equals("Streams.java"))
                    .sorted()
                    .toList();
        }
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    /** So that to leave out a wait is to leave out one place, but for memory that is released in several. */
    @Test
    void shouldListEveryWaitOnceAndWaitNowhereElse() throws IOException {
        Map<Wait, Integer> places = new EnumMap<>(Wait.class);
        for (Path file : files()) {
            String source = Files.readString(file);
            NAMED.matcher(source)
                    .results()
                    .forEach(found -> places.merge(Wait.valueOf(found.group(1)), 1, Integer::sum));
            assertThat(RAW.matcher(source).find())
                    .as("%s waits past Streams", file)
                    .isFalse();
        }

        assertThat(places.keySet()).containsExactlyInAnyOrder(Wait.values());
        places.remove(Wait.RELEASE);
        assertThat(places.values()).containsOnly(1);
        assertThat(sites()).hasSizeGreaterThan(places.size());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("sites")
    void shouldNoticeIfAWaitIsTakenOut(Site site) throws Exception {
        String source = Files.readString(SOURCES.resolve(site.file()));
        boolean lambda = source.substring(0, site.start()).stripTrailing().endsWith("->");
        String mutant = source.substring(0, site.start()) + (lambda ? "{}" : "") + source.substring(site.end());

        boolean noticed = run(compiled(site.file(), mutant)) == WaitMutant.NOTICED;

        System.out.println((noticed ? "noticed" : "NOT NOTICED") + " without " + site);
        assertThat(noticed).as("it is noticed without %s", site).isTrue();
    }

    /** What is noticed is the wait that is missing. */
    @Test
    void shouldNoticeNothingIfNothingIsTakenOut() throws Exception {
        String file = "Copies.java";
        assertThat(run(compiled(file, Files.readString(SOURCES.resolve(file))))).isZero();
    }

    private Path compiled(String file, String source) throws IOException {
        Path written = Files.createDirectories(directory.resolve("source")).resolve(file);
        Files.writeString(written, source);
        Path classes = Files.createDirectories(directory.resolve("classes"));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        int code = compiler.run(
                null,
                null,
                null,
                "-proc:none",
                "-nowarn",
                "-cp",
                classPath(),
                "-d",
                classes.toString(),
                written.toString());
        assertThat(code).as("the mutant compiles").isZero();
        return classes;
    }

    private static int run(Path classes) throws Exception {
        int expected = EventWaitsTest.resultsOf(0, null).hashCode();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-Dorg.bytedeco.javacpp.platform.linkpath="
                                + System.getProperty("org.bytedeco.javacpp.platform.linkpath"),
                        "-cp",
                        classes + ":" + classPath(),
                        WaitMutant.class.getName(),
                        Integer.toString(expected))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
            return process.exitValue();
        } finally {
            process.destroyForcibly();
        }
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }
}
