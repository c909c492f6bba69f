package org.sandglass.job.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.image.Augmentation;

class RecipeTest {

    @TempDir
    Path directory;

    @Test
    void shouldHaveThePapersRecipeByDefault() {
        Recipe recipe = Recipe.load(null, Map.of());
        assertThat(recipe.training().globalBatchSize()).isEqualTo(8192);
        assertThat(recipe.learningRate()
                        .schedule(recipe.training().globalBatchSize())
                        .target())
                .isCloseTo(3.2, within(1e-12));
        assertThat(recipe.learningRate().decayEpochs()).containsExactly(30.0, 60.0, 80.0);
        assertThat(recipe.optimizer())
                .isEqualTo(new OptimizerSettings(0.9, true, 1e-4, SgdUpdate.Form.VELOCITY_SCALED, true));
        assertThat(recipe.collective().bucketBytes()).isEqualTo(25L << 20);
        assertThat(recipe.collective().timeout()).isEqualTo(Duration.ofSeconds(60));
        assertThat(recipe.training().tasks()).isEmpty();
        assertThat(recipe.augmentation().crop()).isEqualTo(Augmentation.Crop.RANDOM_RESIZED);
        assertThat(recipe.augmentation().size()).isEqualTo(224);
    }

    @Test
    void shouldTakeTheAugmentationOfTheModelsFamily() {
        Recipe recipe =
                Recipe.load(null, overrides("model.name", "cifar-resnet20", "augmentation.std", "[0.25, 0.25, 0.25]"));
        assertThat(recipe.augmentation().crop()).isEqualTo(Augmentation.Crop.PAD);
        assertThat(recipe.augmentation().padding()).isEqualTo(4);
        assertThat(recipe.augmentation().size()).isEqualTo(32);
        assertThat(recipe.augmentation().mean()).containsExactly(0.4913, 0.4821, 0.4465);
        assertThat(recipe.augmentation().std()).containsExactly(0.25, 0.25, 0.25);
    }

    @Test
    void shouldReadWhatItRenders() {
        Recipe recipe = Recipe.load(
                null,
                overrides(
                        "model.name",
                        "cifar-resnet8",
                        "training.tasks",
                        "3",
                        "collective.bucketSize",
                        "100000B",
                        "collective.timeout",
                        "1500ms",
                        "checkpoint.everyIterations",
                        "0",
                        "failure.backoff",
                        "250ms",
                        "learningRate.decay.epochs",
                        "[6, 8.5]",
                        "optimizer.form",
                        "gradient-sum"));
        Recipe again = Recipe.parse(recipe.render(), "config.conf");
        assertThat(again).isEqualTo(recipe);
        assertThat(again.render()).isEqualTo(recipe.render());
        assertThat(again.render())
                .contains("bucketSize = 100000B", "timeout = 1500ms", "epochs = [6, 8.5]", "everyIterations = 0");
    }

    @Test
    void shouldRenderEqualValuesEqually() {
        Recipe one = Recipe.load(null, overrides("optimizer.weightDecay", "1e-4", "collective.bucketSize", "1024KiB"));
        Recipe two = Recipe.load(null, overrides("optimizer.weightDecay", "0.0001", "collective.bucketSize", "1MiB"));
        assertThat(one.render()).isEqualTo(two.render());
    }

    @Test
    void shouldIncludeTheFileBesideIt() throws IOException {
        write("base.conf", "model.name = cifar-resnet20\ntraining { epochs = 10, workers = 2 }");
        String file = write("mine.conf", "include \"base.conf\"\ntraining.epochs = 4");
        Recipe recipe = Recipe.load(file, overrides("training.workers", "8"));
        assertThat(recipe.model().name()).isEqualTo("cifar-resnet20");
        assertThat(recipe.training().epochs()).isEqualTo(4);
        assertThat(recipe.training().workers()).isEqualTo(8);
    }

    @Test
    void shouldNotTrainTheDefaultsWhenAnIncludeIsMissing() throws IOException {
        String file = write("mine.conf", "include \"bsae.conf\"");
        assertUsage(file, Map.of(), "bsae.conf: no such file");
    }

    @Test
    void shouldNameLineAndNearestOfAnUnknownKey() throws IOException {
        String file = write("mine.conf", "model.name = resnet18\ntraining {\n  worker = 8\n}");
        assertUsage(file, Map.of(), file + ":3: unknown key training.worker; the nearest is training.workers");
    }

    @Test
    void shouldListAllErrorsAtOnce() throws IOException {
        String file = write("mine.conf", """
                training { epochs = many, workers = 0, perWorkerBatchSize = 1.5 }
                optimizer = fast
                learningRate.warmup.kind = graduall
                learningRate.decay.epochs = [60, 30]
                collective.bucketSize = 25Mob
                checkpoint.keep = null
                model.name = resnet51
                """);
        assertThatThrownBy(() -> Recipe.load(file, overrides("failure.maxRestarts", "-1", "trainig.seed", "1")))
                .isInstanceOf(JobFailure.class)
                .message()
                .contains(
                        "Cannot read recipe: 11 errors",
                        file + ":1: training.epochs must be a whole number from 1 to 1048576, and is \"many\"",
                        file + ":1: training.workers must be",
                        file + ":1: training.perWorkerBatchSize must be a whole number from 1 to 65536, and is 1.5",
                        file + ":2: optimizer must be a group of keys",
                        file
                                + ":3: learningRate.warmup.kind must be one of none, constant, gradual, and is \"graduall\"",
                        file + ":4: learningRate.decay.epochs must be ascending numbers",
                        file + ":5: collective.bucketSize must be a size",
                        file + ":6: checkpoint.keep must be a whole number from 0 to 1048576, and is null",
                        file + ":7: unknown model resnet51; the nearest is resnet50",
                        "--set failure.maxRestarts=-1: failure.maxRestarts must be",
                        "--set trainig.seed=1: unknown key trainig; the nearest is training");
    }

    @ParameterizedTest
    @CsvSource({
        "collective.wire, f16, f32 or bf16",
    })
    void shouldRefuseWhatThisVersionLacks(String key, String value, String available) {
        assertThatThrownBy(() -> Recipe.load(null, overrides(key, value)))
                .isInstanceOf(JobFailure.class)
                .hasMessage("Cannot read recipe: --set " + key + "=" + value + ": " + key + " = " + value
                        + " is not available in this version; take " + available);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cpu", "auto"})
    void shouldRefuseF16WithoutAGpu(String device) {
        assertUsage(
                null,
                overrides("training.precision", "f16", "training.device", device),
                "--set training.precision=f16: training.precision = f16 needs a GPU");
        assertThat(Recipe.load(null, overrides("training.precision", "f16", "training.device", "cuda"))
                        .training()
                        .lossScale())
                .isEqualTo(1024);
        assertUsage(null, overrides("training.lossScale", "1000"), "training.lossScale must be a power of two");
    }

    @Test
    void shouldRefuseWhatIsNotHocon() throws IOException {
        String file = write("mine.conf", "training {\n  epochs = [1\n");
        assertUsage(file, Map.of(), file + ":");
        assertUsage(null, overrides("training.epochs", "[1"), "--set training.epochs=[1: not a HOCON value");
        assertUsage(null, overrides("training epochs", "1"), "not a key");
    }

    @Test
    void shouldRefuseAMissingFile() {
        assertUsage(
                directory.resolve("none.conf").toString(), Map.of(), directory.resolve("none.conf") + ": no such file");
    }

    @Test
    void shouldNameTheKeysThatDiffer() {
        Recipe recipe = Recipe.load(null, Map.of());
        Recipe other = Recipe.load(null, overrides("training.epochs", "3", "training.tasks", "2"));
        assertThat(recipe.differences(other)).isEqualTo(List.of("training.epochs: 90 → 3", "training.tasks: auto → 2"));
        assertThat(recipe.essentialDifferences(other)).containsExactly("training.epochs: 90 → 3");
        assertThat(recipe.differences(Recipe.load(null, Map.of()))).isEmpty();
    }

    private static void assertUsage(@Nullable String file, Map<String, String> overrides, String message) {
        assertThatThrownBy(() -> Recipe.load(file, overrides))
                .isInstanceOfSatisfying(JobFailure.class, failure -> assertThat(failure.exitCode())
                        .isEqualTo(ExitCode.USAGE))
                .hasMessageStartingWith("Cannot read recipe: ")
                .hasMessageContaining(message);
    }

    private String write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text).toString();
    }

    private static Map<String, String> overrides(String... keysAndValues) {
        Map<String, String> overrides = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            overrides.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return overrides;
    }
}
