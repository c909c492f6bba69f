package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.config.Experiment;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.TableIdentity;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.RunDirectory;

/** What a queue refuses before Spark: to put into one report what was not trained by one recipe, on one table. */
class ExperimentQueueTest {

    private static final String EXPERIMENT = """
            model.name = cifar-resnet8
            training { workers = 4, perWorkerBatchSize = 8, epochs = 9 }
            experiment {
              baseline = plain
              settings = [ { name = plain }, { name = other, %s } ]
            }
            """;

    private final Configuration hadoop = new Configuration();

    @TempDir
    private Path directory;

    @BeforeEach
    void writeTables() throws IOException {
        table("train", 100, "aa");
        table("test", 20, "bb");
    }

    @Test
    void shouldTellWhichTablesItIsOf() {
        assertThat(queue(Map.of(), List.of(), "train", false).check().tables())
                .containsExactly(
                        Map.entry("train", new TableIdentity(100, "aa", null)),
                        Map.entry("validation", new TableIdentity(20, "bb", null)));
    }

    @Test
    void shouldRefuseARecipeThatARunOfAnotherSettingOrSeedDoesNotHave() throws IOException {
        begin();
        run("plain", 7);
        // Neither the setting nor the seed is one that this command asks for.
        assertThatThrownBy(queue(Map.of("training.epochs", "1"), List.of("other"), "train", true)::check)
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("plain/seed-7")
                .hasMessageContaining("has training.epochs: 9 → 1; give the same recipe, or another --out");
    }

    @Test
    void shouldGoOnWithWhatChangesNoResult() throws IOException {
        begin();
        run("plain", 0);
        assertThat(queue(Map.of("collective.timeout", "7s"), List.of(), "train", true)
                        .check()
                        .name())
                .isEqualTo("two");
    }

    @Test
    void shouldRefuseAnotherTable() throws IOException {
        begin();
        table("binary", 100, "cc");
        assertThatThrownBy(queue(Map.of(), List.of(), "binary", true)::check)
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("its table train is of 100 images, checksum aa, and ")
                .hasMessageContaining("binary is of 100 images, checksum cc; give the same table, or another --out");
    }

    @Test
    void shouldTakeTheSameTableFromAnotherPlace() throws IOException {
        begin();
        table("copy", 100, "aa");
        assertThat(queue(Map.of(), List.of(), "copy", true).check().name()).isEqualTo("two");
    }

    @Test
    void shouldRefuseASettingWhoseRunsAreOfAnotherTable() throws IOException {
        begin();
        run("other", 0);
        Path changed = Files.writeString(
                directory.resolve("two.conf"), EXPERIMENT.formatted("data = quarter, recipe.optimizer.momentum = 0.8"));
        table("quarter", 25, "dd");
        assertThatThrownBy(queue(changed, Map.of(), List.of(), "train", true)::check)
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("other/seed-0")
                .hasMessageContaining("has data: train → quarter");
    }

    @Test
    void shouldKeepTheTablesThatItDoesNotNeedThisTime() throws IOException {
        table("quarter", 25, "dd");
        Path file = Files.writeString(directory.resolve("two.conf"), EXPERIMENT.formatted("data = quarter"));
        write(queue(file, Map.of(), List.of(), "train", false).check());
        assertThat(queue(file, Map.of(), List.of("plain"), "train", true)
                        .check()
                        .tables())
                .containsOnlyKeys("quarter", "train", "validation");
    }

    @Test
    void shouldRefuseADirectoryThatDoesNotTellItsTables() throws IOException {
        ExperimentData plan = queue(Map.of(), List.of(), "train", false).check();
        String earlier = plan.json().replaceFirst("(?s)\"tables\" : \\{.*?\\},\\s*\"recipe\"", "\"recipe\"");
        assertThat(earlier).doesNotContain("tables");
        Files.createDirectories(directory.resolve("out"));
        Files.writeString(directory.resolve("out/experiment.json"), earlier);
        assertThatThrownBy(queue(Map.of(), List.of(), "train", true)::check)
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("does not tell which tables it is of; give another --out");
        assertThat(ExperimentData.read(directory.resolve("out").toString(), hadoop)
                        .tablesInWords())
                .isEqualTo("tables: not recorded");
    }

    @Test
    void shouldReportTheRecipeThatWasRun() throws IOException {
        begin();
        RunDirectory.open(directory.resolve("out/plain/seed-1").toString(), hadoop, recipe("plain", 1));
        RunDirectory.open(directory.resolve("out/other/seed-1").toString(), hadoop, recipe("other", 1));
        Path config = directory.resolve("out/plain/seed-1/config.conf");
        // As an earlier version had written it, which did not know this key.
        Files.writeString(config, Files.readString(config).replaceFirst("training.lossScale = .*\n", ""));
        // What the last driver was told is not what was run.
        write(queue(Map.of("collective.timeout", "7s"), List.of(), "train", true)
                .check());

        ExperimentData read = ExperimentData.read(directory.resolve("out").toString(), hadoop);
        assertThat(read.recipe())
                .containsEntry("collective.timeout", "60s")
                .containsEntry("training.seed", "1")
                .doesNotContainKey("training.lossScale");
        assertThat(read.settings().get(1).changes()).containsExactly("optimizer.momentum: 0.9 → 0.8");
    }

    /** Writes the plan as a queue does that was killed before its first run. */
    private void begin() throws IOException {
        write(queue(Map.of(), List.of(), "train", false).check());
    }

    private void write(ExperimentData plan) throws IOException {
        Files.createDirectories(directory.resolve("out"));
        Files.writeString(directory.resolve("out/experiment.json"), plan.json());
    }

    private void run(String setting, long seed) throws IOException {
        RunDirectory.open(
                directory.resolve("out/" + setting + "/seed-" + seed).toString(), hadoop, recipe(setting, seed));
    }

    private Recipe recipe(String setting, long seed) throws IOException {
        return Experiment.load(file().toString(), Map.of())
                .settings(List.of(setting))
                .get(0)
                .recipe()
                .withSeed(seed);
    }

    private Path file() throws IOException {
        return Files.writeString(
                directory.resolve("two.conf"), EXPERIMENT.formatted("recipe.optimizer.momentum = 0.8"));
    }

    private ExperimentQueue queue(Map<String, String> overrides, List<String> only, String train, boolean resume) {
        try {
            return queue(file(), overrides, only, train, resume);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private ExperimentQueue queue(
            Path file, Map<String, String> overrides, List<String> only, String train, boolean resume) {
        Map<String, String> tables = Map.of(
                "train", directory.resolve(train).toString(),
                "validation", directory.resolve("test").toString(),
                "quarter", directory.resolve("quarter").toString());
        return new ExperimentQueue(
                Experiment.load(file.toString(), overrides),
                new ExperimentQueue.Order(
                        tables,
                        only,
                        List.of(0L),
                        List.of(),
                        directory.resolve("out").toString(),
                        resume),
                hadoop);
    }

    /** A table as far as its manifest goes. */
    private void table(String name, long rows, String checksum) throws IOException {
        Path place = Files.createDirectories(directory.resolve(name));
        Files.writeString(place.resolve("part.parquet"), "not read");
        Files.deleteIfExists(place.resolve(TableManifest.FILE_NAME));
        new TableManifest(rows, 2, List.of(), 0, checksum, "a test", "a test").write(hadoop, place.toString());
    }
}
