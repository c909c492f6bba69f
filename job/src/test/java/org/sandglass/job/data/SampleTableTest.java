package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.sandglass.job.data.SampleTables.IMAGE_STRUCT;
import static org.sandglass.job.data.SampleTables.flat;
import static org.sandglass.job.data.SampleTables.flatRow;
import static org.sandglass.job.data.SampleTables.nested;
import static org.sandglass.job.data.SampleTables.nestedRow;
import static org.sandglass.job.data.SampleTables.numbered;
import static org.sandglass.job.data.SampleTables.schema;
import static org.sandglass.job.data.SampleTables.write;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import scala.Tuple2;

@Tag("spark")
@Timeout(60)
class SampleTableTest {

    private static final byte[] IMAGE = {1, 2, 3};

    private final Path directory;

    SampleTableTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Test
    void shouldCountSamplesAndClassesOverFilesInOrderOfTheirPaths() {
        write(directory.resolve("b.parquet"), nested(), numbered(5, 4, 3));
        write(directory.resolve("a/deep/x.parquet"), nested(), numbered(0, 5, 3));

        SampleTable table = open(directory);

        assertThat(table.samples()).isEqualTo(9);
        assertThat(table.classes()).isEqualTo(3);
        assertThat(table.classNames()).isEmpty();
        assertThat(table.uri()).isEqualTo(directory.toString());
        assertThat(imagesInOrder(table))
                .containsExactly(
                        "image 0", "image 1", "image 2", "image 3", "image 4", "image 5", "image 6", "image 7",
                        "image 8");
        assertThat(table.locator().describe(4)).isEqualTo("row 4 of a/deep/x.parquet");
        assertThat(table.locator().describe(5)).isEqualTo("row 0 of b.parquet");
        assertThat(table.locator().describe(9)).startsWith("no row");
    }

    @Test
    void shouldReadFlatTablesAndSingleFiles() {
        Path file = directory.resolve("one.parquet");
        write(file, flat(), List.of(flatRow(IMAGE, 0L), flatRow(IMAGE, 6L)));

        SampleTable table = open(file);

        assertThat(table.samples()).isEqualTo(2);
        assertThat(table.classes()).isEqualTo(7);
        assertThat(Exchange.inOrder(table, 1).map(Tuple2::_2).collect()).allSatisfy(packed -> {
            EncodedSample sample = EncodedSample.unpack(packed);
            assertThat(sample.image()).isEqualTo(IMAGE);
            assertThat(sample.path()).isEmpty();
        });
    }

    @Test
    void shouldReadNestedTablesWithoutPathAndWithOtherColumns() {
        StructType image = new StructType().add("height", DataTypes.IntegerType).add("bytes", DataTypes.BinaryType);
        StructType schema = new StructType()
                .add("name", DataTypes.StringType)
                .add("label", DataTypes.LongType)
                .add("image", image);
        write(
                directory.resolve("one.parquet"),
                schema,
                List.of(RowFactory.create("x", 1L, RowFactory.create(3, IMAGE))));

        SampleTable table = open(directory);

        EncodedSample sample =
                EncodedSample.unpack(Exchange.inOrder(table, 1).first()._2());
        assertThat(sample.image()).isEqualTo(IMAGE);
        assertThat(sample.label()).isEqualTo(1);
    }

    @Test
    void shouldReadNamesWithSpacesWildcardsAndPercentSigns() throws IOException {
        Path root = Files.createDirectories(directory.resolve("a b [x] {y} * 100% ä#?"));
        write(root.resolve("a b.parquet"), nested(), numbered(0, 3, 2));
        write(root.resolve("a%20b.parquet"), nested(), numbered(3, 3, 2));
        write(root.resolve("c+d=e&f?#.parquet"), nested(), numbered(6, 2, 2));
        write(root.resolve("label=7/x.parquet"), nested(), numbered(8, 2, 2));

        SampleTable table = open(root);

        assertThat(imagesInOrder(table)).hasSize(10).doesNotHaveDuplicates();
        assertThat(imagesInOrder(table).subList(0, 6))
                .containsExactly("image 0", "image 1", "image 2", "image 3", "image 4", "image 5");
    }

    @Test
    void shouldIgnoreHiddenFiles() throws IOException {
        write(directory.resolve("a.parquet"), nested(), numbered(0, 3, 2));
        write(directory.resolve("_old/b.parquet"), nested(), numbered(0, 3, 2));
        Files.writeString(directory.resolve("_SUCCESS"), "");
        Files.writeString(directory.resolve(".a.parquet.crc"), "?");

        assertThat(open(directory).samples()).isEqualTo(3);
    }

    @Test
    void shouldAllowFilesWithoutRows() {
        write(directory.resolve("a.parquet"), nested(), List.of());
        write(directory.resolve("b.parquet"), nested(), numbered(0, 3, 2));
        write(directory.resolve("c.parquet"), nested(), List.of());
        write(directory.resolve("d.parquet"), nested(), numbered(3, 1, 2));

        SampleTable table = open(directory);

        assertThat(imagesInOrder(table)).containsExactly("image 0", "image 1", "image 2", "image 3");
        assertThat(table.locator().describe(0)).isEqualTo("row 0 of b.parquet");
        assertThat(table.locator().describe(3)).isEqualTo("row 0 of d.parquet");
    }

    @Test
    void shouldTakeClassesAndTheirNamesFromTheManifest() throws IOException {
        write(directory.resolve("a.parquet"), nested(), numbered(0, 3, 2));
        manifest(3, 4, List.of("ant", "bee", "cat", "dog"));

        SampleTable table = open(directory);

        assertThat(table.classes()).isEqualTo(4);
        assertThat(table.classNames()).contains(List.of("ant", "bee", "cat", "dog"));
    }

    @Test
    void shouldRefuseATableThatDiffersFromItsManifest() throws IOException {
        write(directory.resolve("a.parquet"), nested(), numbered(0, 30, 5));
        manifest(31, 5, List.of());
        assertRefused(directory, "manifest promises 31 rows, but it has 30");
        Files.delete(directory.resolve(TableManifest.FILE_NAME));
        manifest(30, 4, List.of());
        assertRefused(directory, "row 4 of a.parquet", "label 4", "[0, 4)");
    }

    @Test
    void shouldCheckAValidationTableAgainstTheTrainingClasses() {
        write(directory.resolve("a.parquet"), nested(), numbered(0, 3, 2));
        write(directory.resolve("b.parquet"), nested(), numbered(3, 4, 6));

        SampleTable table = open(directory);

        assertThat(table.classes()).isEqualTo(6);
        assertThat(table.withClasses(10).classes()).isEqualTo(10);
        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> table.withClasses(5))
                .withMessageContaining("row 2 of b.parquet (label 5)")
                .withMessageContaining("[0, 5)");
    }

    @Test
    void shouldRefuseWhatIsMissing() throws IOException {
        assertRefused(directory.resolve("nowhere"), "no such file or directory");
        assertRefused(directory, "no Parquet file");
        Files.writeString(directory.resolve("_SUCCESS"), "");
        assertRefused(directory, "no Parquet file");
        assertRefused("", "empty");
        assertRefused("nosuchscheme://host/table", "nosuchscheme");
    }

    @Test
    void shouldRefuseFilesThatAreNotParquet() throws IOException {
        write(directory.resolve("a.parquet"), nested(), numbered(0, 3, 2));
        Path broken = directory.resolve("b.parquet");
        Files.createFile(broken);
        assertRefused(directory, "b.parquet has 0 bytes");
        Files.writeString(broken, "This was never a Parquet file.");
        assertRefused(directory, "b.parquet", "not a whole Parquet file");
        byte[] whole = Files.readAllBytes(directory.resolve("a.parquet"));
        Files.write(broken, Arrays.copyOf(whole, whole.length / 2));
        assertRefused(directory, "b.parquet", "not a whole Parquet file");
    }

    @Test
    void shouldRefuseDamagedLabels() throws IOException {
        Path file = directory.resolve("a.parquet");
        write(file, new StructType().add("label", DataTypes.IntegerType).add("image", IMAGE_STRUCT), labelsFirst(300));
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 4, 100, (byte) 0x55);
        Files.write(file, bytes);
        Files.deleteIfExists(directory.resolve(".a.parquet.crc"));
        assertRefused(directory, "Cannot read table " + directory);
    }

    @Test
    void shouldRefuseMissingColumnsAndSayWhichThereAre() {
        write(
                directory.resolve("a.parquet"),
                new StructType().add("image", DataTypes.BinaryType).add("class", DataTypes.IntegerType),
                List.of(RowFactory.create(IMAGE, 0)));
        assertRefused(directory, "a.parquet", "no column label", "image, class");
    }

    @Test
    void shouldRefuseColumnsOfAnotherType() throws IOException {
        StructType withoutBytes = new StructType().add("path", DataTypes.StringType);
        StructType withText = new StructType().add("bytes", DataTypes.StringType);
        assertSchemaRefused(schema(DataTypes.StringType, DataTypes.IntegerType), RowFactory.create("x", 0), "image");
        assertSchemaRefused(
                schema(withoutBytes, DataTypes.IntegerType), RowFactory.create(RowFactory.create("x"), 0), "image");
        assertSchemaRefused(
                schema(withText, DataTypes.IntegerType), RowFactory.create(RowFactory.create("x"), 0), "image");
        DataType texts = DataTypes.createArrayType(DataTypes.BinaryType);
        assertSchemaRefused(
                schema(texts, DataTypes.IntegerType), RowFactory.create(new ArrayList<>(List.of(IMAGE)), 0), "image");
        assertSchemaRefused(schema(DataTypes.BinaryType, DataTypes.StringType), RowFactory.create(IMAGE, "x"), "label");
        assertSchemaRefused(schema(DataTypes.BinaryType, DataTypes.DoubleType), RowFactory.create(IMAGE, 0.0), "label");
        assertSchemaRefused(
                schema(DataTypes.BinaryType, DataTypes.DateType),
                RowFactory.create(IMAGE, java.sql.Date.valueOf("2017-06-08")),
                "label");
    }

    @Test
    void shouldRefuseFilesWhoseColumnsDiffer() {
        write(directory.resolve("a.parquet"), nested(), numbered(0, 3, 2));
        write(directory.resolve("b.parquet"), flat(), List.of(flatRow(IMAGE, 0L)));
        assertRefused(directory, "columns differ", "a.parquet", "b.parquet");
    }

    @Test
    void shouldRefuseNullsAndNameTheRow() throws IOException {
        Path file = directory.resolve("b.parquet");
        write(directory.resolve("a.parquet"), nested(), numbered(0, 3, 2));
        write(file, nested(), List.of(nestedRow(IMAGE, null, 0), nestedRow(IMAGE, null, null)));
        assertRefused(directory, "row 1 of b.parquet", "label is null");
        Files.delete(file);
        write(file, nested(), List.of(nestedRow(IMAGE, null, 0), nestedRow(null, "x", 1)));
        assertRefused(directory, "row 1 of b.parquet", "image is null");
        Files.delete(file);
        write(file, nested(), List.of(RowFactory.create(null, 1)));
        assertRefused(directory, "row 0 of b.parquet", "image is null");
    }

    @Test
    void shouldFindNullImagesThatTheFooterKeepsQuietAboutWhenTheyAreRead() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            rows.add(nestedRow(i == 3 ? null : new byte[100_000], null, 0));
        }
        write(directory.resolve("a.parquet"), nested(), rows);
        SampleTable table = open(directory);

        assertThatThrownBy(() -> imagesInOrder(table))
                .hasRootCauseInstanceOf(JobFailure.class)
                .rootCause()
                .hasMessageContaining("row 3 of a.parquet: image is null");
    }

    @Test
    void shouldRefuseNegativeAndHugeLabels() throws IOException {
        Path file = directory.resolve("a.parquet");
        write(file, nested(), List.of(nestedRow(IMAGE, null, 0), nestedRow(IMAGE, null, -1)));
        assertRefused(directory, "row 1 of a.parquet (label -1)", "negative");
        Files.delete(file);
        write(file, flat(), List.of(flatRow(IMAGE, 1L << 40)));
        assertRefused(directory, "row 0 of a.parquet (label 1099511627776)", "[0, 1000000)");
    }

    @Test
    void shouldRefuseClassesOfOtherNamesThanTheTrainingTables() throws IOException {
        write(directory.resolve("a.parquet"), nested(), List.of(nestedRow(IMAGE, null, 0), nestedRow(IMAGE, null, 1)));
        manifest(2, 2, List.of("boat", "car"));
        SampleTable table = SampleTable.open(LocalSpark.session(), directory.toString());
        assertThat(table.withClasses(3, List.of("boat", "car", "dog")).classes())
                .isEqualTo(3);
        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> table.withClasses(3, List.of("apple", "boat", "car")))
                .satisfies(failure -> assertThat(failure.getMessage()).contains("label 0", "boat", "apple"));
    }

    @Test
    void shouldRefuseATableWithoutRows() {
        write(directory.resolve("a.parquet"), nested(), List.of());
        assertRefused(directory, "no rows");
    }

    @Test
    void shouldNoticeATableThatGrewAfterItWasOpened() {
        write(directory.resolve("a.parquet"), nested(), numbered(0, 3, 2));
        SampleTable table = open(directory);
        FileIndex index = table.index().value();

        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> index.file("file:" + directory + "/b.parquet"))
                .withMessageContaining("b.parquet");
        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> index.id(0, 3))
                .withMessageContaining("row 3 of a.parquet");
    }

    private void assertSchemaRefused(StructType schema, Row row, String column) throws IOException {
        Path file = directory.resolve("a.parquet");
        Files.deleteIfExists(file);
        write(file, schema, List.of(row));
        assertRefused(directory, "a.parquet", "column " + column + " must be");
    }

    private static List<Row> labelsFirst(int count) {
        return numbered(0, count, 200).stream()
                .map(row -> RowFactory.create(row.get(1), row.get(0)))
                .toList();
    }

    private void manifest(long rows, int classes, List<String> names) throws IOException {
        new TableManifest(rows, classes, names, 0, "0", "test", "test")
                .write(LocalSpark.session().sparkContext().hadoopConfiguration(), directory.toString());
    }

    private static SampleTable open(Path path) {
        return SampleTable.open(LocalSpark.session(), path.toString());
    }

    private static List<String> imagesInOrder(SampleTable table) {
        return Exchange.inOrder(table, 2).map(Tuple2::_2).collect().stream()
                .map(packed -> new String(EncodedSample.unpack(packed).image(), StandardCharsets.UTF_8))
                .toList();
    }

    private static void assertRefused(Path path, String... parts) {
        assertRefused(path.toString(), parts);
    }

    private static void assertRefused(String uri, String... parts) {
        long start = System.nanoTime();
        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> SampleTable.open(LocalSpark.session(), uri))
                .satisfies(failure -> {
                    assertThat(failure.exitCode()).isEqualTo(ExitCode.DATA);
                    assertThat(failure.getMessage()).contains(parts);
                });
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
    }
}
