package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
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
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.RunDirectory;
import org.sandglass.job.report.RunFiles;
import org.sandglass.job.report.Summary;

class ReusableRunsTest {

    /** Of one name and of equally many images, as CIFAR-10 is in its two forms. */
    private static final TableIdentity JPEG = new TableIdentity(100, "aa", null);

    private static final TableIdentity BINARY = new TableIdentity(100, "bb", null);
    private static final TableIdentity TEST = new TableIdentity(20, "cc", null);

    private final Configuration hadoop = new Configuration();

    @TempDir
    private Path directory;

    private Recipe recipe;

    @BeforeEach
    void runOne() throws IOException {
        Path file = Files.writeString(
                directory.resolve("one.conf"),
                "model.name = cifar-resnet8\nexperiment.settings = [ { name = plain }, { name = begun } ]");
        Experiment experiment = Experiment.load(file.toString(), Map.of());
        plan(ExperimentData.planned(experiment, List.of(), Map.of("train", JPEG, "validation", TEST)));
        recipe = experiment.settings().get(0).recipe().withSeed(3);
        RunDirectory.open(uri("plain/seed-3"), hadoop, recipe).write(summary());
        RunDirectory.open(uri("begun/seed-4"), hadoop, recipe.withSeed(4));
    }

    @Test
    void shouldTakeARunOfTheSameRecipeAndTables() {
        assertThat(reusable().equal(JPEG, TEST, recipe))
                .hasValueSatisfying(uri -> assertThat(uri).contains("plain/seed-3"));
    }

    @Test
    void shouldNotTakeARunOfAnotherRecipeOrSeedOrOneThatHasNotEnded() {
        assertThat(reusable().equal(JPEG, TEST, recipe.withSeed(2))).isEmpty();
        assertThat(reusable().equal(JPEG, TEST, recipe.withSeed(4))).isEmpty();
    }

    @Test
    void shouldNotTakeARunOnAnotherTable() {
        assertThat(reusable().equal(BINARY, TEST, recipe)).isEmpty();
        assertThat(reusable().equal(JPEG, BINARY, recipe)).isEmpty();
    }

    @Test
    void shouldRefuseAnExperimentThatDoesNotTellItsTables() throws IOException {
        ExperimentData told = ExperimentData.plan(new RunFiles(uri(""), hadoop)).orElseThrow();
        plan(new ExperimentData(
                told.name(), told.title(), told.paper(), null, List.of(), Map.of(), told.recipe(), told.settings()));
        assertThatThrownBy(this::reusable)
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("does not tell which table train was; leave out --reuse");
    }

    private ReusableRuns reusable() {
        return ReusableRuns.of(List.of(uri("")), hadoop);
    }

    private void plan(ExperimentData plan) throws IOException {
        Files.createDirectories(directory.resolve("out"));
        Files.writeString(directory.resolve("out/experiment.json"), plan.json());
    }

    private String uri(String name) {
        return directory.resolve("out").resolve(name).toString();
    }

    private static Summary summary() {
        return new Summary(
                Summary.Status.FINISHED,
                "cifar-resnet8",
                9,
                90,
                2,
                2,
                32,
                100,
                20,
                0.5,
                22.0,
                1.0,
                500,
                0,
                0,
                60,
                1,
                0,
                1,
                0,
                "ab",
                "cpu",
                "f32",
                "3.5.6",
                "0123abc",
                null);
    }
}
