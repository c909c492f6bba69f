package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

@Tag("spark")
class ImageFolderImportTest {

    private final SparkSession spark = PrepareFixture.spark();
    private final Path source;
    private final Path out;
    private final Map<String, byte[]> files = PrepareFixture.catsAndDogs();

    ImageFolderImportTest(@TempDir Path directory) {
        this.source = directory.resolve("source");
        this.out = directory.resolve("out/table");
    }

    @BeforeEach
    void makeSource() throws IOException {
        Files.createDirectories(source);
    }

    @Test
    void shouldImportAFolder() throws IOException {
        PrepareFixture.writeFolder(source, files);

        ImageFolderImport.run(spark, options(source, "", false));

        requireCatsAndDogs();
    }

    @Test
    void shouldPassThroughTheFoldersAboveTheClasses() throws IOException {
        PrepareFixture.writeFolder(source.resolve("ILSVRC/train"), files);

        ImageFolderImport.run(spark, options(source, "", false));

        requireCatsAndDogs();
    }

    @ParameterizedTest
    @ValueSource(strings = {"set.tar", "set.tar.gz", "set.tar.xz"})
    void shouldImportAnArchive(String name) throws IOException {
        Path archive = source.resolve(name);
        try (OutputStream file = Files.newOutputStream(archive);
                OutputStream compressed = compressed(file, name)) {
            PrepareFixture.writeTar(compressed, "./a-folder-above-the-classes/train/", files);
        }

        ImageFolderImport.run(spark, options(archive, "", false));

        requireCatsAndDogs();
    }

    @Test
    void shouldImportAnArchiveOfOneArchivePerClass() throws IOException {
        Map<String, byte[]> classes = new LinkedHashMap<>();
        for (String name : List.of("dog", "cat")) {
            Map<String, byte[]> content = new LinkedHashMap<>();
            files.forEach((path, bytes) -> {
                if (path.startsWith(name + "/")) {
                    content.put(path.substring(name.length() + 1), bytes);
                }
            });
            ByteArrayOutputStream inner = new ByteArrayOutputStream();
            PrepareFixture.writeTar(inner, "", content);
            classes.put(name + ".tar", inner.toByteArray());
        }
        Path archive = source.resolve("train.tar");
        try (OutputStream file = Files.newOutputStream(archive)) {
            PrepareFixture.writeTar(file, "", classes);
        }

        ImageFolderImport.run(spark, options(archive, "", false));

        requireCatsAndDogs();
    }

    @ParameterizedTest
    @ValueSource(strings = {"set", "set.tar", "set.tar.gz"})
    void shouldImportOnePartOfASourceOnRequest(String name) throws IOException {
        Map<String, byte[]> splits = new LinkedHashMap<>();
        files.forEach((path, bytes) -> splits.put("train/" + path, bytes));
        splits.put("test/cat/z.jpg", PrepareFixture.jpeg(9));
        splits.put("test/dog/z.jpg", PrepareFixture.jpeg(10));
        Path set = source.resolve(name);
        if (name.equals("set")) {
            PrepareFixture.writeFolder(set, splits);
        } else {
            try (OutputStream file = Files.newOutputStream(set);
                    OutputStream compressed = compressed(file, name)) {
                PrepareFixture.writeTar(compressed, "", splits);
            }
        }

        assertThatThrownBy(() -> ImageFolderImport.run(spark, options(set, "", false)))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("several sets [test, train]")
                .hasMessageContaining("--root");
        ImageFolderImport.run(spark, options(set, "train", false));

        requireCatsAndDogs();
    }

    @ParameterizedTest
    @ValueSource(strings = {"folder", "tar", "tar.gz"})
    void shouldRefuseAndListUnreadableImagesAndLeaveNothing(String kind) throws IOException {
        Path set = withUnreadable(kind);

        assertThatThrownBy(() -> ImageFolderImport.run(spark, options(set, "", false)))
                .asInstanceOf(type(JobFailure.class))
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.DATA))
                .satisfies(failure -> assertThat(failure.getMessage())
                        .contains("3 of 9 cannot be read")
                        .contains("--skip-unreadable")
                        .contains("cat/cut.jpg: truncated JPEG")
                        .contains("dog/page.jpg: not a JPEG or PNG (first bytes 3c 68 74 6d)")
                        .contains("dog/zero.png: empty: 0 bytes"));
        assertThat(out).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"folder", "tar", "tar.gz"})
    void shouldSkipUnreadableImagesOnRequest(String kind) throws IOException {
        ImageResultCheck result =
                new ImageResultCheck(ImageFolderImport.run(spark, options(withUnreadable(kind), "", true)));

        result.requireSkipped("cat/cut.jpg", "dog/page.jpg", "dog/zero.png");
        requireCatsAndDogs();
        assertThat(manifest().skipped()).isEqualTo(3);
    }

    @Test
    void shouldRefuseAnOccupiedTarget() throws IOException {
        PrepareFixture.writeFolder(source, files);
        ImageFolderImport.run(spark, options(source, "", false));
        List<Path> before = listing();

        requireRefused("a prepared table is there");
        Files.delete(out.resolve(TableManifest.FILE_NAME));
        requireRefused("it is not empty");
        Files.createFile(out.resolve(TableManifest.UNFINISHED_FILE_NAME));
        requireRefused("an import that did not finish is there");

        assertThat(listing()).hasSameSizeAs(before);
    }

    @Test
    void shouldImportIntoAnEmptyDirectory() throws IOException {
        PrepareFixture.writeFolder(source, files);
        Files.createDirectories(out);

        ImageFolderImport.run(spark, options(source, "", false));

        requireCatsAndDogs();
    }

    @Test
    void shouldSayWhatIsWrongWithASource() throws IOException {
        requireData(source.resolve("nowhere"), "no such file or directory");
        requireData(source, "no JPEG or PNG in it");
        PrepareFixture.writeFolder(source, Map.of("loose.jpg", PrepareFixture.jpeg(1)));
        requireData(source, "lie in no class's folder: loose.jpg");
        Files.delete(source.resolve("loose.jpg"));
        PrepareFixture.writeFolder(source, files);
        Files.createDirectories(source.resolve("empty"));
        requireData(source, "1 folders hold no JPEG or PNG");
        assertThat(out).doesNotExist();
    }

    @Test
    void shouldRefuseAnArchiveThatWasCut() throws IOException {
        Path archive = source.resolve("set.tar");
        try (OutputStream file = Files.newOutputStream(archive)) {
            PrepareFixture.writeTar(file, "", files);
        }
        byte[] bytes = Files.readAllBytes(archive);
        Files.write(archive, Arrays.copyOf(bytes, bytes.length / 2));

        assertThatThrownBy(() -> ImageFolderImport.run(spark, options(archive, "", false)))
                .asInstanceOf(type(JobFailure.class))
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.DATA));
        assertThat(out).doesNotExist();
    }

    @Test
    void shouldGiveEqualChecksumsForEqualImages() throws IOException {
        PrepareFixture.writeFolder(source, files);
        ImageFolderImport.run(spark, options(source, "", false));
        Path archive = source.resolveSibling("set.tar.gz");
        try (OutputStream file = Files.newOutputStream(archive);
                OutputStream compressed = compressed(file, "set.tar.gz")) {
            PrepareFixture.writeTar(compressed, "", files);
        }
        Path other = out.resolveSibling("other");
        ImageFolderImport.run(spark, new ImageFolderImport.Options(archive.toString(), "", other.toString(), false));
        Files.write(source.resolve("cat/a.jpg"), PrepareFixture.jpeg(77));
        Path changed = out.resolveSibling("changed");
        ImageFolderImport.run(spark, new ImageFolderImport.Options(source.toString(), "", changed.toString(), false));

        assertThat(TableManifest.read(new Configuration(), other.toString())
                        .orElseThrow()
                        .checksum())
                .isEqualTo(manifest().checksum())
                .isNotEqualTo(TableManifest.read(new Configuration(), changed.toString())
                        .orElseThrow()
                        .checksum());
    }

    @Test
    void shouldTellHowFarItIs() throws IOException {
        PrepareFixture.writeFolder(source, files);
        long[] last = new long[2];

        ImageFolderImport.run(spark, options(source, "", false), (images, total, rate) -> {
            last[0] = images;
            last[1] = total;
        });

        assertThat(last).containsExactly(6, 6);
    }

    private record ImageResultCheck(ImportResult result) {
        void requireSkipped(String... paths) {
            assertThat(result.skipped()).isEqualTo(paths.length);
            assertThat(result.unreadable()).extracting(UnreadableImage::path).containsExactlyInAnyOrder(paths);
        }
    }

    private Path withUnreadable(String kind) throws IOException {
        files.put("dog/zero.png", new byte[0]);
        files.put("dog/page.jpg", PrepareFixture.text("<html>not here</html>"));
        byte[] whole = PrepareFixture.jpeg(20);
        files.put("cat/cut.jpg", Arrays.copyOf(whole, whole.length - 10));
        if (kind.equals("folder")) {
            PrepareFixture.writeFolder(source, files);
            return source;
        }
        Path archive = source.resolve("set." + kind);
        try (OutputStream file = Files.newOutputStream(archive);
                OutputStream compressed = compressed(file, kind)) {
            PrepareFixture.writeTar(compressed, "", files);
        }
        return archive;
    }

    private void requireCatsAndDogs() {
        List<Row> rows = PrepareFixture.rows(spark, out.toString());
        assertThat(rows)
                .extracting(row -> row.getString(0) + " " + row.getInt(1))
                .containsExactly(
                        "cat/a.jpg 0",
                        "cat/e.png 0",
                        "cat/nested/d.Jpg 0",
                        "dog/b.JPEG 1",
                        "dog/c.PNG 1",
                        "dog/f.jpeg 1");
        for (Row row : rows) {
            assertThat((byte[]) row.get(2)).isEqualTo(files.get(row.getString(0)));
        }
        assertThat(manifest().rows()).isEqualTo(6);
        assertThat(manifest().classes()).isEqualTo(2);
        assertThat(manifest().classNames()).containsExactly("cat", "dog");
        assertThat(out.resolve(TableManifest.UNFINISHED_FILE_NAME)).doesNotExist();
    }

    private TableManifest manifest() {
        return TableManifest.read(new Configuration(), out.toString()).orElseThrow();
    }

    private void requireRefused(String reason) {
        assertThatThrownBy(() -> ImageFolderImport.run(spark, options(source, "", false)))
                .asInstanceOf(type(JobFailure.class))
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.USAGE))
                .satisfies(failure -> assertThat(failure.getMessage()).contains(reason));
    }

    private void requireData(Path place, String reason) {
        assertThatThrownBy(() -> ImageFolderImport.run(spark, options(place, "", false)))
                .asInstanceOf(type(JobFailure.class))
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.DATA))
                .satisfies(failure -> assertThat(failure.getMessage()).contains(reason));
    }

    private List<Path> listing() throws IOException {
        try (Stream<Path> paths = Files.walk(out)) {
            return paths.toList();
        }
    }

    private ImageFolderImport.Options options(Path from, String root, boolean skipUnreadable) {
        return new ImageFolderImport.Options(from.toString(), root, out.toString(), skipUnreadable);
    }

    private static OutputStream compressed(OutputStream out, String name) throws IOException {
        if (name.endsWith("gz")) {
            return new GZIPOutputStream(out);
        }
        return name.endsWith("xz") ? new XZCompressorOutputStream(out) : out;
    }
}
