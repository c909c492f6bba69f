package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.LedgerEntry;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

class RunDirectoryTest {

    private static final ValidationMetrics VALIDATION = new ValidationMetrics(100, 0.5, 20.25, 3);

    private final Configuration hadoop = new Configuration();
    private final Recipe recipe = Recipe.load(null, Map.of("model.name", "cifar-resnet8"));

    @TempDir
    Path parent;

    private String run = "";

    @BeforeEach
    void nameRun() {
        run = parent.resolve("run").toString();
    }

    @Test
    void shouldKeepTheResolvedRecipe() throws IOException {
        RunDirectory.open(run, hadoop, recipe);
        assertThat(Path.of(run, "config.conf")).hasContent(recipe.render());
        assertThat(names()).containsExactly("config.conf");
    }

    @Test
    void shouldGoOnWithWhatWasRecorded() throws IOException {
        RunDirectory first = RunDirectory.open(run, hadoop, recipe);
        record(first, 1, 2, 3);
        first.recordValidation(2, VALIDATION);

        RunDirectory second = RunDirectory.open(run, hadoop, recipe);
        assertThat(second.epochs()).isEqualTo(first.epochs());
        assertThat(second.epochs().get(1).validation()).isEqualTo(VALIDATION);
        assertThat(second.ledger()).isEqualTo(first.ledger());
        String metrics = Files.readString(Path.of(run, "metrics.jsonl"));
        second.keepEpochs(2);
        record(second, 3);
        assertThat(Path.of(run, "metrics.jsonl")).hasContent(metrics);
        assertThat(metrics.lines()
                        .filter(line -> line.startsWith("{\"kind\":\"iteration\",\"epoch\":3,\"iteration\":")))
                .hasSize(2);
    }

    @Test
    void shouldShowTheEpochUnderWayAndReplaceWhatIsTrainedAgain() throws IOException {
        RunDirectory directory = RunDirectory.open(run, hadoop, recipe);
        record(directory, 1);

        directory.recordRunning(iterations(2, 2, 5));
        assertThat(recordedIterations()).containsExactly(0L, 1L, 2L, 3L, 4L);

        // A stage that began anew in the middle tells the epoch's lines from the beginning; then it goes on.
        directory.recordRunning(iterations(2, 2, 4));
        directory.recordRunning(iterations(2, 4, 5));
        // Late words of an epoch that is over, and of one that has not begun.
        directory.recordRunning(iterations(1, 0, 1));
        directory.recordRunning(iterations(3, 6, 7));
        Awaitility.await().until(() -> {
            directory.recordRunning(List.of());
            return recordedIterations().equals(List.of(0L, 1L, 2L, 3L, 4L))
                    && RunDirectory.open(run, hadoop, recipe).epochs().size() == 1;
        });

        record(directory, 2);
        assertThat(recordedIterations()).containsExactly(0L, 1L, 2L, 3L);
    }

    @Test
    void shouldCountWhatAllDriversStartedAgain() throws IOException {
        RunDirectory first = RunDirectory.open(run, hadoop, recipe);
        first.recordRestart(RestartRecord.Kind.DRIVER, "the run", "");
        first.recordRestart(RestartRecord.Kind.STAGE, "train epoch 1", "an executor was lost");
        RunDirectory second = RunDirectory.open(run, hadoop, recipe);
        second.recordRestart(RestartRecord.Kind.DRIVER, "the run", "");
        second.recordRestart(RestartRecord.Kind.STAGE, "train epoch 2", "an executor was lost");

        assertThat(second.restarts(RestartRecord.Kind.STAGE)).isEqualTo(2);
        assertThat(second.restarts(RestartRecord.Kind.DRIVER)).isEqualTo(2);
        assertThat(Files.readAllLines(Path.of(run, "restarts.jsonl"))).hasSize(4);
    }

    @Test
    void shouldDropLaterEpochsAndTheirSummary() {
        RunDirectory directory = RunDirectory.open(run, hadoop, recipe);
        record(directory, 1, 2, 3);
        directory.write(summary());
        directory.keepEpochs(3);
        assertThat(directory.summary()).contains(summary());
        directory.keepEpochs(1);
        assertThat(directory.summary()).isEmpty();
        assertThat(RunDirectory.open(run, hadoop, recipe).epochs())
                .extracting(EpochMetrics::epoch)
                .containsExactly(1);
    }

    @Test
    void shouldTolerateADamagedLastLine() throws IOException {
        RunDirectory directory = RunDirectory.open(run, hadoop, recipe);
        record(directory, 1, 2);
        Files.writeString(Path.of(run, "metrics.jsonl"), "{\"kind\":\"epo", StandardOpenOption.APPEND);
        Files.writeString(Path.of(run, "ledger.jsonl"), "{\"epoch\":3,", StandardOpenOption.APPEND);
        RunDirectory again = RunDirectory.open(run, hadoop, recipe);
        assertThat(again.epochs()).hasSize(2);
        assertThat(again.ledger()).hasSize(2);
    }

    @Test
    void shouldKeepNotANumber() {
        RunDirectory directory = RunDirectory.open(run, hadoop, recipe);
        directory.record(List.of(), epoch(1, Double.NaN), ledger(1));
        assertThat(RunDirectory.open(run, hadoop, recipe).epochs().get(0).trainLoss())
                .isNaN();
    }

    @Test
    void shouldNotTrustHalfASummary() throws IOException {
        RunDirectory directory = RunDirectory.open(run, hadoop, recipe);
        directory.write(summary());
        Path file = Path.of(run, "summary.json");
        Files.writeString(file, Files.readString(file).substring(0, 100));
        assertThat(directory.summary()).isEmpty();
    }

    @Test
    void shouldRefuseAnotherRecipeAndNameItsKeys() {
        RunDirectory.open(run, hadoop, recipe);
        Recipe other = Recipe.load(null, Map.of("model.name", "cifar-resnet8", "training.seed", "7"));
        assertUsage(other, "training.seed: 0 → 7");
    }

    @Test
    void shouldTakeAnotherNumberOfTasks() {
        RunDirectory.open(run, hadoop, recipe);
        Recipe other = Recipe.load(null, Map.of("model.name", "cifar-resnet8", "training.tasks", "2"));
        RunDirectory.open(run, hadoop, other);
        assertThat(Path.of(run, "config.conf")).hasContent(other.render());
    }

    @Test
    void shouldRefuseSomebodyElsesDirectory() throws IOException {
        Files.createDirectories(Path.of(run));
        Files.writeString(Path.of(run, "thesis.tex"), "x");
        assertUsage(recipe, "holds thesis.tex");
        assertThat(names()).containsExactly("thesis.tex");
    }

    @Test
    void shouldRefuseAFile() throws IOException {
        Files.writeString(Path.of(run), "x");
        assertUsage(recipe, "is a file");
    }

    @Test
    void shouldTakeAnEmptyDirectoryAndOneThatWasKilledAtItsBeginning() throws IOException {
        Files.createDirectories(Path.of(run));
        Files.writeString(Path.of(run, ".config.conf.tmp"), "mod");
        RunDirectory.open(run, hadoop, recipe);
        assertThat(Path.of(run, "config.conf")).hasContent(recipe.render());
    }

    private void assertUsage(Recipe other, String message) {
        assertThatThrownBy(() -> RunDirectory.open(run, hadoop, other))
                .isInstanceOfSatisfying(JobFailure.class, failure -> assertThat(failure.exitCode())
                        .isEqualTo(ExitCode.USAGE))
                .hasMessageContaining(message);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(run))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".crc"))
                    .sorted()
                    .toList();
        }
    }

    private static void record(RunDirectory directory, int... epochs) {
        for (int epoch : epochs) {
            List<IterationMetrics> iterations = iterations(epoch, 2L * (epoch - 1), 2L * epoch);
            directory.record(iterations, epoch(epoch, 1.0 / epoch), ledger(epoch));
        }
    }

    private static List<IterationMetrics> iterations(int epoch, long first, long end) {
        return LongStream.range(first, end)
                .mapToObj(i -> new IterationMetrics(epoch, i, 64, 2.0 / (i + 1), 50, 0.1, 0.25, 256, 0.01))
                .toList();
    }

    private List<Long> recordedIterations() throws IOException {
        return JsonLines.nodes(Files.readString(Path.of(run, "metrics.jsonl"))).stream()
                .filter(line -> line.get("kind").asText().equals("iteration"))
                .map(line -> line.get("iteration").asLong())
                .toList();
    }

    private static EpochMetrics epoch(int epoch, double loss) {
        return new EpochMetrics(epoch, 2, 128, loss, 50, 0, 0.1, 0.5, 256, 0.02, 0.1, 0.05, 0.4, 1 << 20, null);
    }

    private static LedgerEntry ledger(int epoch) {
        return new LedgerEntry(epoch, 128, 128, 0, "0a", "0a", "exact");
    }

    private static Summary summary() {
        return new Summary(
                Summary.Status.FINISHED,
                "cifar-resnet8",
                3,
                6,
                2,
                2,
                64,
                128,
                0,
                0.5,
                null,
                null,
                256,
                0.02,
                0.1,
                1.5,
                1 << 20,
                0,
                1,
                0,
                "ab",
                "cpu",
                "f32",
                "3.5.6",
                "unknown",
                null);
    }
}
