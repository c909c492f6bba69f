package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training from end to end through the launcher, the shaded JAR, and executors in their own processes. */
@Tag("spark")
class TrainIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path directory;

    private static Path data;

    @BeforeAll
    static void prepareData() {
        data = directory.resolve("data with space");
        Launcher.Result result = Launcher.run(
                directory.resolve("prepare.log"),
                "prepare",
                "generated",
                "--train",
                "301",
                "--test",
                "64",
                "--out",
                data.toString());
        assertThat(result.exitCode()).as(result.output()).isZero();
    }

    @Test
    void shouldTrainExactlyOnceEvaluateAndReport() throws IOException {
        Path run = train(
                "once",
                "training.epochs=2",
                "collective.encrypt=true",
                "collective.interface=lo",
                "collective.wire=bf16");

        JsonNode summary = summary(run);
        assertThat(summary.get("status").asText()).isEqualTo("finished");
        assertThat(summary.get("tasks").asInt()).isEqualTo(2);
        assertThat(summary.get("trainSamples").asLong()).isEqualTo(301);
        assertThat(summary.get("validationSamples").asLong()).isEqualTo(64);
        assertThat(summary.get("ledgerViolations").asInt()).isZero();
        assertThat(summary.get("exposedCommunication").asDouble()).isBetween(0.0, 1.0);
        assertThat(iterations(run))
                .allSatisfy(line ->
                        assertThat(line.get("exposedCommunication").asDouble()).isBetween(0.0, 1.0));
        assertThat(lines(run.resolve("ledger.jsonl"))).hasSize(2).allSatisfy(line -> {
            assertThat(line.get("samples").asLong()).isEqualTo(301);
            assertThat(line.get("verdict").asText()).isEqualTo("exact");
        });
        assertThat(run.resolve("report.html")).content().contains("<html", "exact");
        assertThat(run.resolve("checkpoints/00002/manifest.json")).exists();
    }

    @Test
    void shouldUseTheSameMinibatchesOnOneTaskAndOnTwo() throws IOException {
        Path two = train("two", "training.epochs=1", "training.tasks=2", "collective.algorithm=hierarchical");
        Path one = train("one", "training.epochs=1", "training.tasks=1");

        assertThat(Files.readString(one.resolve("ledger.jsonl")))
                .isEqualTo(Files.readString(two.resolve("ledger.jsonl")));
        List<JsonNode> ofOne = iterations(one);
        List<JsonNode> ofTwo = iterations(two);
        assertThat(ofOne).hasSize(10).hasSameSizeAs(ofTwo);
        for (int i = 0; i < ofOne.size(); i++) {
            assertThat(ofOne.get(i).get("loss").asDouble())
                    .as("loss of iteration " + i)
                    .isCloseTo(ofTwo.get(i).get("loss").asDouble(), within(1e-3));
        }
    }

    private static Path train(String name, String... settings) {
        Path run = directory.resolve(name);
        Launcher.Result result = Launcher.run(directory.resolve(name + ".log"), arguments(run, settings));
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.output())
                .containsOnlyOnce("Computing on processors, training.device being auto: Spark gives its tasks no GPU");
        return run;
    }

    private static String[] arguments(Path run, String... settings) {
        return Stream.concat(
                        Stream.of(
                                "train",
                                "--data",
                                data.resolve("train").toString(),
                                "--validation",
                                data.resolve("test").toString(),
                                "--run",
                                run.toString()),
                        Stream.concat(
                                        Stream.of(
                                                "model.name=cifar-resnet8",
                                                "training.workers=4",
                                                "training.perWorkerBatchSize=8",
                                                "checkpoint.keep=5"),
                                        Stream.of(settings))
                                .flatMap(setting -> Stream.of("--set", setting)))
                .toArray(String[]::new);
    }

    private static JsonNode summary(Path run) throws IOException {
        return JSON.readTree(run.resolve("summary.json").toFile());
    }

    private static List<JsonNode> iterations(Path run) throws IOException {
        return lines(run.resolve("metrics.jsonl")).stream()
                .filter(line -> line.get("kind").asText().equals("iteration"))
                .toList();
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        return JSON.readerFor(JsonNode.class)
                .<JsonNode>readValues(file.toFile())
                .readAll();
    }
}
