package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.ExitCode;

/** Runs of three epochs, as training records them. */
class CompareCommandTest {

    @TempDir
    private Path directory;

    private final StringWriter output = new StringWriter();
    private final StringWriter error = new StringWriter();

    @BeforeEach
    void record() throws IOException {
        record("small/seed-0", 0, 60, 50, 40);
        record("small/seed-1", 1, 61, 51, 41);
        record("late/seed-0", 0, 75, 50.5, 40.5);
        record("late/seed-1", 1, 76, 51.5, 40);
        record("worse/seed-0", 0, 60, 60, 60);
    }

    @Test
    void shouldSayFromWhichEpochOnCurvesCoincide() throws IOException {
        assertThat(compare("small", "late", "worse")).as(error.toString()).isZero();
        assertThat(output.toString())
                .contains(
                        "training error: late coincides with small from epoch 2 on",
                        "validation error: late coincides with small from epoch 2 on",
                        "training error: worse does not coincide with small",
                        "curves: " + page())
                .doesNotContain("to judge");
        assertThat(page()).content().contains("worse does not coincide with small", "validation-error");
    }

    @Test
    void shouldSayTheSameAsJson() throws IOException {
        assertThat(compare("small", "late", "--json")).as(error.toString()).isZero();
        JsonNode found = new ObjectMapper().readTree(output.toString()).get("comparisons");
        assertThat(found).hasSize(2);
        assertThat(found.get(0).get("coincidesFrom").asInt()).isEqualTo(2);
        assertThat(found.get(0).get("epochs").get(0).get("run").asDouble()).isEqualTo(75.5);
    }

    @Test
    void shouldTakeTheSeedsSpreadWhereThereIsOneSeed() {
        assertThat(compare("worse", "small/seed-0")).isZero();
        assertThat(output.toString())
                .contains("cannot be said", "to judge: give directories of several seeds' runs, or --spread");
        output.getBuffer().setLength(0);
        assertThat(compare("worse", "small/seed-0", "--spread", "20")).isZero();
        assertThat(output.toString()).contains("seed-0 coincides with worse from epoch 1 on");
    }

    @Test
    void shouldRefuseWhatCannotBeCompared() {
        assertThat(compare("small", "small")).isEqualTo(ExitCode.USAGE.code());
        assertThat(error.toString()).contains("a directory is given twice");
        error.getBuffer().setLength(0);
        assertThat(compare("small", "small/")).isEqualTo(ExitCode.USAGE.code());
        assertThat(error.toString()).contains("a directory is given twice");
        assertThat(compare("small", "nothing")).isEqualTo(ExitCode.DATA.code());
        assertThat(error.toString()).contains("Cannot read run: ", "/nothing");
    }

    @Test
    void shouldNameTheSettingsOfAnExperiment() throws IOException {
        Files.createDirectories(directory.resolve("all"));
        Files.writeString(directory.resolve("all/experiment.json"), """
                {"name": "all", "title": "", "paper": "", "baseline": null, "machines": [], "recipe": {}, "settings": [
                  {"name": "a, b", "directory": "a-b", "series": "", "table": "train", "paper": "", "workers": 1,
                   "perWorkerBatchSize": 1, "changes": [], "runs": []}]}
                """);
        assertThat(compare("small", "all")).isEqualTo(ExitCode.USAGE.code());
        assertThat(error.toString()).contains("holds an experiment; give its settings, which are ", "/all/a-b");
    }

    private void record(String run, long seed, double... errors) throws IOException {
        Path files = Files.createDirectories(directory.resolve(run));
        Recipe recipe = Recipe.load(null, Map.of("training.workers", "2")).withSeed(seed);
        Files.writeString(files.resolve("config.conf"), recipe.render());
        StringBuilder metrics = new StringBuilder();
        for (int i = 0; i < errors.length; i++) {
            metrics.append(String.format(
                    Locale.ROOT,
                    "{\"kind\":\"epoch\",\"epoch\":%d,\"iterations\":10,\"samples\":1000,\"trainLoss\":1,"
                            + "\"trainTop1Error\":%f,\"validation\":{\"samples\":100,\"loss\":1,\"top1Error\":%f}}%n",
                    i + 1,
                    errors[i],
                    errors[i] + 2));
        }
        Files.writeString(files.resolve("metrics.jsonl"), metrics);
    }

    private int compare(String... arguments) {
        List<String> words = new ArrayList<>(List.of("compare", "--out", page().toString()));
        for (String argument : arguments) {
            boolean option =
                    argument.startsWith("--") || words.get(words.size() - 1).equals("--spread");
            words.add(option ? argument : directory.resolve(argument) + (argument.endsWith("/") ? "/" : ""));
        }
        return Sandglass.run(words.toArray(String[]::new), new PrintWriter(output, true), new PrintWriter(error, true));
    }

    private Path page() {
        return directory.resolve("compare.html");
    }
}
