package org.sandglass.job.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.optim.LearningRate;

/** The experiments of {@code conf/paper}: every one is read, and says what the paper says. */
class PaperRecipesTest {

    private static final Path PAPER = Path.of("..", "conf", "paper");

    @TempDir
    private Path directory;

    static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(PAPER)) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith("-cpu.conf"))
                    .map(name -> name.replace("-cpu.conf", ""))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void shouldHaveEveryExperimentAtBothScales(String name) {
        Experiment full = load(name);
        Experiment small = load(name + "-cpu");
        assertThat(small.title()).isEqualTo(full.title());
        assertThat(small.paper()).isNotEmpty();
        for (Experiment.Setting setting : small.settings()) {
            assertThat(setting.recipe().training().workers()).as(setting.name()).isBetween(1, 256);
        }
        for (Experiment.Setting setting : full.settings()) {
            assertThat(setting.recipe().model().name()).startsWith("resnet");
        }
    }

    @Test
    void shouldScaleTheRateAsThePaperDoes() {
        Map<String, Double> targets = Map.of(
                "small",
                0.1,
                "small, half",
                0.05,
                "small, double",
                0.2,
                "large",
                3.2,
                "large, half",
                1.6,
                "large, double",
                6.4,
                "large, unscaled",
                0.1,
                "large, square root",
                0.1 * Math.sqrt(32));
        assertThat(load("learning-rate").settings()).hasSize(targets.size()).allSatisfy(setting -> assertThat(
                        setting.recipe().learningRate().schedule(kn(setting)).target())
                .as(setting.name())
                .isEqualTo(targets.get(setting.name())));
    }

    @Test
    void shouldHaveTheReferenceRatesNeighboursAtCpuScaleToo() {
        List<Experiment.Setting> settings = load("learning-rate-cpu").settings();
        double reference = settings.get(0).recipe().learningRate().reference();
        assertThat(settings.get(1).recipe().learningRate().reference()).isEqualTo(reference / 2);
        assertThat(settings.get(2).recipe().learningRate().reference()).isEqualTo(reference * 2);
    }

    @Test
    void shouldSweepSevenSizesOverTwoDecades() {
        for (String name : List.of("minibatch", "minibatch-cpu")) {
            long[] sizes = load(name).settings().stream()
                    .mapToLong(PaperRecipesTest::kn)
                    .distinct()
                    .toArray();
            assertThat(sizes).hasSizeGreaterThanOrEqualTo(7);
            assertThat(LongStream.of(sizes).max().orElseThrow())
                    .isGreaterThanOrEqualTo(100 * LongStream.of(sizes).min().orElseThrow());
        }
    }

    @Test
    void shouldKeepTheMinibatchWhereWorkersDiffer() {
        Map<String, String> large = Map.of("per-worker", "warmup", "per-worker-cpu", "warmup-cpu");
        large.forEach(
                (name, warmup) -> assertThat(load(name).settings().stream().map(PaperRecipesTest::kn))
                        .containsOnly(kn(load(warmup).settings().get(1))));
    }

    @Test
    void shouldPutBackOnePitfallAtATime() {
        Experiment pitfalls = load("pitfalls-cpu");
        Recipe none = pitfalls.settings().get(0).recipe();
        assertThat(pitfalls.settings()).hasSize(5);
        assertThat(pitfalls.settings().subList(1, 5))
                .allSatisfy(setting ->
                        assertThat(none.differences(setting.recipe())).hasSize(1));
    }

    @Test
    void shouldHaveNothingToWarmUpToAtTheSmallMinibatch() {
        for (String name : List.of("warmup", "warmup-cpu")) {
            Experiment.Setting small = load(name).settings().get(0);
            LearningRate schedule = small.recipe().learningRate().schedule(kn(small));
            assertThat(schedule.initial()).as(name).isEqualTo(schedule.target());
        }
    }

    @Test
    void shouldWarmUpInThreeWays() {
        assertThat(load("warmup").settings())
                .extracting(setting -> setting.recipe().learningRate().warmup())
                .containsExactly(
                        LearningRate.Warmup.GRADUAL,
                        LearningRate.Warmup.NONE,
                        LearningRate.Warmup.CONSTANT,
                        LearningRate.Warmup.GRADUAL);
    }

    @Test
    void shouldSayWhatIsWrongWithAnExperiment() throws IOException {
        assertThatThrownBy(() -> Experiment.load("../conf/quickstart.conf", Map.of()))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("quickstart.conf: is no experiment: it has no experiment.settings");
        Path file = directory.resolve("wrong.conf");
        Files.writeString(file, """
                experiment {
                  baseline = c
                  titel = x
                  settings = [
                    { name = a, recipe.training.epochs = 3 }
                    { name = A }
                  ]
                }
                """);
        assertThatThrownBy(() -> Experiment.load(file.toString(), Map.of()))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("3 errors")
                .hasMessageContaining(file + ":3: experiment has no key titel; there are title, paper")
                .hasMessageContaining(file + ":6: two settings of one name, or none: A")
                .hasMessageContaining(file + ":2: no setting is called c");
        Files.writeString(file, "experiment.settings = [ { name = a, recipe.training.epoch = 3 } ]");
        assertThatThrownBy(() -> Experiment.load(file.toString(), Map.of()))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("unknown key training.epoch");
    }

    @Test
    void shouldLetOverridesWinInAllSettings() {
        assertThat(Experiment.load("../conf/paper/warmup-cpu.conf", Map.of("training.epochs", "1"))
                        .settings())
                .allSatisfy(setting ->
                        assertThat(setting.recipe().training().epochs()).isEqualTo(1));
    }

    private static long kn(Experiment.Setting setting) {
        return setting.recipe().training().globalBatchSize();
    }

    private static Experiment load(String name) {
        return Experiment.load(PAPER.resolve(name + ".conf").toString(), Map.of());
    }
}
