package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.RgbImage;

/** What a user gets who made a mistake: one line, the contract's exit code, and nothing that a later command trusts. */
@Tag("spark")
class BadInputTest {

    private static final StructType FLAT =
            new StructType().add("image", DataTypes.BinaryType).add("label", DataTypes.IntegerType);
    private static final int IMAGES = 24;

    @TempDir
    private static Path directory;

    private static Path good;
    private static String masterBefore = "";

    /** How a command ended and what it said on standard error. */
    private record Outcome(int exitCode, String error) {}

    @BeforeAll
    static void writeTables() {
        masterBefore = System.getProperty("spark.master", "");
        System.setProperty("spark.master", "local[2]");
        System.setProperty("spark.ui.enabled", "false");
        good = write("good", FLAT, images(label -> label % 3));
        write("labels", FLAT, images(label -> label % 3 == 0 ? -1 : 1));
        write("truncated", FLAT, truncated());
        write(
                "no-label",
                new StructType().add("image", DataTypes.BinaryType),
                images(label -> 0).stream()
                        .map(row -> RowFactory.create(row.<Object>getAs(0)))
                        .toList());
    }

    @AfterAll
    static void restoreProperties() {
        System.setProperty("spark.master", masterBefore);
        System.clearProperty("spark.ui.enabled");
    }

    @Test
    void shouldNameTheNearestKeyOfAnUnknownOne() throws IOException {
        Path recipe = Files.writeString(directory.resolve("wrong.conf"), "training {\n  epochz = 3\n}\n");
        Outcome outcome = train(good, "unknown-key", "--conf", recipe.toString());
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.error()).contains("wrong.conf", "2", "epochz", "training.epochs");
        assertThat(directory.resolve("unknown-key")).doesNotExist();
    }

    @Test
    void shouldSayThatDataIsMissing() {
        Outcome outcome = train(directory.resolve("nowhere"), "missing");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.error()).contains("nowhere");
        assertThat(directory.resolve("missing")).doesNotExist();
    }

    @Test
    void shouldSayWhichColumnsATableWithoutLabelsHas() {
        Outcome outcome = train(directory.resolve("no-label"), "unlabelled");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.error()).contains("label", "image");
        assertThat(directory.resolve("unlabelled")).doesNotExist();
    }

    @Test
    void shouldRefuseALabelOutOfRange() {
        Outcome outcome = train(directory.resolve("labels"), "out-of-range");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.error()).contains("-1");
    }

    @Test
    void shouldNameARowWhoseImageIsTruncated() {
        Outcome outcome = train(directory.resolve("truncated"), "truncated-run");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.error()).contains("row", ".parquet");
        assertThat(directory.resolve("truncated-run/checkpoints/00001/manifest.json"))
                .doesNotExist();
    }

    @Test
    void shouldLeaveACorruptImageOutWhereTheRecipeSaysSo() throws IOException {
        Outcome outcome = train(directory.resolve("truncated"), "skipping", "--set", "failure.corruptImage=skip");
        assertThat(outcome.exitCode()).as(outcome.error()).isZero();
        assertThat(directory.resolve("skipping/ledger.jsonl"))
                .content()
                .contains("\"skipped\":1", "\"samples\":" + (IMAGES - 1), "exact");
    }

    @Test
    void shouldSayThatNoImageOfAnEpochCouldBeDecoded() {
        write(
                "noise",
                FLAT,
                images(label -> label % 3).stream()
                        .map(row -> RowFactory.create(new byte[] {1, 2, 3}, row.get(1)))
                        .toList());
        Outcome outcome = train(directory.resolve("noise"), "nothing", "--set", "failure.corruptImage=skip");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.error()).contains("epoch 1", "none of the " + IMAGES + " images could be decoded");
    }

    @Test
    void shouldNameAnEmptyFile() throws IOException {
        Path table = Files.createDirectories(directory.resolve("zero"));
        Files.createFile(table.resolve("part-0.parquet"));
        Outcome outcome = train(table, "zero-run");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.error()).contains("part-0.parquet");
    }

    @Test
    void shouldRefuseARunDirectoryOfAnotherRecipe() {
        assertThat(train(good, "occupied").exitCode()).isZero();
        Outcome outcome = train(good, "occupied", "--set", "training.seed=7");
        assertThat(outcome.exitCode()).isEqualTo(2);
        assertThat(outcome.error()).contains("training.seed", "occupied");
    }

    @Test
    void shouldSayHowManySlotsThereAre() {
        Outcome outcome = train(good, "slots", "--set", "training.tasks=3");
        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.error()).contains("3 tasks", "2 slots", "training.tasks=2");
        assertThat(directory.resolve("slots")).doesNotExist();
    }

    @Test
    void shouldRefuseDynamicAllocation() {
        System.setProperty("spark.dynamicAllocation.enabled", "true");
        try {
            Outcome outcome = train(good, "dynamic");
            assertThat(outcome.exitCode()).isEqualTo(4);
            assertThat(outcome.error()).contains("spark.dynamicAllocation.enabled");
        } finally {
            System.clearProperty("spark.dynamicAllocation.enabled");
        }
    }

    @Test
    void shouldNameTheInterfacesThereAreWhereTheChosenOneIsMissing() {
        Outcome outcome = train(good, "interface", "--set", "collective.interface=nowhere0");
        assertThat(outcome.exitCode()).isEqualTo(4);
        assertThat(outcome.error()).contains("collective.interface", "nowhere0", "127.0.0.1");
    }

    @Test
    void shouldStopWhenTheLossIsNoLongerANumber() throws IOException {
        String[] settings = {
            "--set",
            "learningRate.reference=1e30",
            "--set",
            "learningRate.warmup.kind=none",
            "--set",
            "training.epochs=4"
        };
        Outcome outcome = train(good, "diverging", settings);
        assertThat(outcome.exitCode()).isEqualTo(5);
        assertThat(outcome.error()).contains("diverged");
        assertThat(directory.resolve("diverging/summary.json")).content().contains("\"diverged\"");
        assertThat(directory.resolve("diverging/metrics.jsonl")).content().contains("\"iteration\"");
        assertThat(directory.resolve("diverging/checkpoints/00001/manifest.json"))
                .doesNotExist();

        List<String> iterations = Files.readAllLines(directory.resolve("diverging/metrics.jsonl"));
        assertThat(train(good, "diverging", settings).exitCode()).isEqualTo(5);
        assertThat(directory.resolve("diverging/metrics.jsonl")).content().hasLineCount(iterations.size());
    }

    @Test
    void shouldNotCommitWeightsThatAreNoLongerNumbers() {
        Outcome outcome = train(
                good,
                "last-update",
                "--set",
                "training.perWorkerBatchSize=8",
                "--set",
                "learningRate.reference=1e42",
                "--set",
                "learningRate.warmup.kind=none");
        assertThat(outcome.exitCode()).isEqualTo(5);
        assertThat(directory.resolve("last-update/checkpoints/00001/manifest.json"))
                .doesNotExist();
    }

    @Test
    void shouldStopWhenTheValidationLossIsNoLongerANumber() {
        Outcome outcome = train(
                good,
                "validated",
                "--validation",
                good.toString(),
                "--set",
                "training.perWorkerBatchSize=8",
                "--set",
                "learningRate.reference=1e30",
                "--set",
                "learningRate.warmup.kind=none");
        assertThat(outcome.exitCode()).isEqualTo(5);
        assertThat(outcome.error()).contains("validation loss");
    }

    @Test
    void shouldRefuseALabelThatIsNoClassNumber() {
        write("huge", FLAT, images(label -> label == 5 ? 100_000_000 : 1));
        Outcome outcome = train(directory.resolve("huge"), "huge-run");
        assertThat(outcome.exitCode()).isEqualTo(3);
        assertThat(outcome.error()).contains("100000000");
    }

    @Test
    void shouldKeepAllCheckpointsWhereTheRecipeSaysSo() {
        Outcome outcome = train(good, "all", "--set", "checkpoint.keep=0", "--set", "training.epochs=4");
        assertThat(outcome.exitCode()).as(outcome.error()).isZero();
        assertThat(directory.resolve("all/checkpoints/00001/manifest.json")).exists();
    }

    private static Outcome train(Path table, String run, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "train",
                "--data",
                table.toString(),
                "--run",
                directory.resolve(run).toString(),
                "--set",
                "model.name=cifar-resnet8",
                "--set",
                "training.workers=3",
                "--set",
                "training.perWorkerBatchSize=4"));
        if (Arrays.stream(more).noneMatch(argument -> argument.startsWith("training.epochs"))) {
            arguments.addAll(List.of("--set", "training.epochs=1"));
        }
        arguments.addAll(List.of(more));
        StringWriter error = new StringWriter();
        int code = Sandglass.run(
                arguments.toArray(String[]::new), new PrintWriter(new StringWriter()), new PrintWriter(error, true));
        return new Outcome(code, error.toString());
    }

    private static List<Row> images(java.util.function.IntUnaryOperator label) {
        return Stream.iterate(0, i -> i + 1)
                .limit(IMAGES)
                .map(i -> RowFactory.create(jpeg(i), label.applyAsInt(i)))
                .toList();
    }

    private static List<Row> truncated() {
        List<Row> rows = new ArrayList<>(images(label -> label % 3));
        byte[] whole = jpeg(7);
        rows.set(7, RowFactory.create(Arrays.copyOf(whole, whole.length / 2), 1));
        return rows;
    }

    private static byte[] jpeg(int seed) {
        byte[] pixels = new byte[40 * 36 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i * (seed + 3) / 7);
        }
        return ImageEncoder.jpeg(new RgbImage(40, 36, pixels), 90);
    }

    private static Path write(String name, StructType schema, List<Row> rows) {
        Path table = directory.resolve(name);
        try (SparkSession spark = SparkSession.builder().appName(name).getOrCreate()) {
            spark.createDataFrame(rows, schema).coalesce(1).write().parquet(table.toString());
        }
        return table;
    }
}
