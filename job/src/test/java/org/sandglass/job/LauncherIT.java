package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/sandglass}, with the Spark of the build, from another directory. */
@Tag("spark")
class LauncherIT {

    private static final Path LAUNCHER =
            Path.of("..", "scripts", "sandglass").toAbsolutePath().normalize();

    @TempDir
    Path directory;

    @Test
    void shouldRunWhatIsBuiltWithoutAWordFromSpark() throws Exception {
        assertThat(run("--version")).isZero();
        assertThat(read("out")).matches("sandglass \\S+ \\(commit \\S+\\)\n");
        assertThat(read("err")).isEmpty();
    }

    @Test
    void shouldPrepareATableUnderARelativePathOnTwoExecutors() throws Exception {
        assertThat(run("prepare", "generated", "--train", "40", "--test", "20", "--out", "tables/drawn"))
                .as(() -> read("err"))
                .isZero();
        assertThat(read("out")).contains("40 images of 10 classes", "20 images of 10 classes");
        assertThat(read("err")).isEmpty();
        assertThat(directory.resolve("tables/drawn/train/_sandglass.json")).exists();
        assertThat(directory.resolve("tables/drawn/test/_sandglass.json")).exists();
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void shouldExitWithTheContractsCodeWhenACommandFailsInsideOfSpark() throws Exception {
        assertThat(run("prepare", "imagefolder", "nowhere", "--out", "table", "--", "--master", "local[1]"))
                .isEqualTo(3);
        assertThat(read("err")).startsWith("sandglass: Cannot prepare images: ").hasLineCount(1);
        assertThat(directory.resolve("table")).doesNotExist();
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void shouldLeaveAloneWhatTheUsersOwnSparkSets() throws Exception {
        Path spark = directory.resolve("spark");
        Files.createDirectories(spark.resolve("bin"));
        Files.createDirectories(spark.resolve("conf"));
        Path submit = Files.writeString(spark.resolve("bin/spark-submit"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        assertThat(submit.toFile().setExecutable(true)).isTrue();
        Files.writeString(
                spark.resolve("conf/spark-defaults.conf"),
                "# mine\nspark.ui.enabled true\nspark.driver.memory=3g\nspark.driver.extraJavaOptions  -Dmine=1\n");
        Path properties = Files.writeString(directory.resolve("own.properties"), "spark.locality.wait = 1s\n");

        assertThat(runWith(Map.of("SPARK_HOME", spark.toString()), "train")).isZero();
        assertThat(read("out"))
                .contains("spark.locality.wait=0s", " -Dmine=1")
                .doesNotContain("spark.ui.enabled", "--driver-memory");
        assertThat(runWith(
                        Map.of("SPARK_HOME", spark.toString()),
                        "train",
                        "--",
                        "--properties-file",
                        properties.toString()))
                .isZero();
        assertThat(read("out")).contains("spark.ui.enabled=false").doesNotContain("spark.locality.wait");
    }

    private int run(String... arguments) throws IOException, InterruptedException {
        return runWith(Map.of(), arguments);
    }

    private int runWith(Map<String, String> environment, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(LAUNCHER.toString()));
        command.addAll(List.of(arguments));
        Files.createDirectories(directory.resolve("tmp"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(directory.resolve("out").toFile())
                .redirectError(directory.resolve("err").toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_"));
        builder.environment().putAll(environment);
        builder.environment().put("TMPDIR", directory.resolve("tmp").toString());
        Process process = builder.start();
        if (!process.waitFor(3, TimeUnit.MINUTES)) {
            process.destroy();
            throw new AssertionError("Launcher did not end: " + command);
        }
        return process.exitValue();
    }

    /** What the launcher's temporary directory still holds. */
    private List<Path> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("tmp"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("sandglass."))
                    .toList();
        }
    }

    private String read(String name) {
        try {
            return Files.readString(directory.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
