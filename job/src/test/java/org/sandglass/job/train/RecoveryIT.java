package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training on three executors in processes of their own, which are killed in the middle of an epoch, as is the driver. */
@Tag("spark")
class RecoveryIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern GOING_ON =
            Pattern.compile("Going on (\\d+) iterations into the epoch, with the state from (the memory|file:)");
    private static final int PER_EPOCH = 88;

    @TempDir
    private static Path directory;

    private static Path data;
    private static Path alone;

    @BeforeAll
    static void trainUndisturbed() {
        data = directory.resolve("data");
        Launcher.Result result = Launcher.run(
                directory.resolve("prepare.log"),
                "prepare",
                "generated",
                "--train",
                "2801",
                "--test",
                "10",
                "--out",
                data.toString());
        assertThat(result.exitCode()).as(result.output()).isZero();
        alone = directory.resolve("alone");
        finish("alone", start("alone"));
    }

    @Test
    void shouldEndWithTheSameWeightsWhenAnExecutorAndThenTheDriverAreKilledWithinAnEpoch() throws IOException {
        Process process = startWithSpareSlots("killed");
        awaitSnapshot("killed", 1);
        Launcher.executors(process).get(1).destroyForcibly();
        awaitSnapshot("killed", PER_EPOCH + 1);
        Awaitility.await("lines of the epoch under way")
                .atMost(Duration.ofMinutes(1))
                .until(() -> !iterations("killed").isEmpty()
                        && iterations("killed")
                                        .get(iterations("killed").size() - 1)
                                        .get("epoch")
                                        .asInt()
                                == 2);
        Launcher.killDriver(process);
        String first = log("killed");
        assertThat(run("killed").resolve("checkpoints/00002/manifest.json")).doesNotExist();
        String second = finish("killed", startWithSpareSlots("killed"));
        assertThat(succeeded("epoch 2 of 2: exchange, ahead")).isTrue();

        List<MatchResult> restarts = GOING_ON.matcher(first).results().toList();
        assertThat(restarts).as(first).singleElement().satisfies(restart -> {
            assertThat(Integer.parseInt(restart.group(1))).isPositive();
            assertThat(restart.group(2)).isEqualTo("the memory");
        });
        assertThat(GOING_ON.matcher(second).results().toList())
                .as(second)
                .singleElement()
                .satisfies(restart -> {
                    assertThat(Integer.parseInt(restart.group(1))).isPositive();
                    assertThat(restart.group(2)).isEqualTo("file:");
                });
        assertThat(summary("killed").get("weightsSha256"))
                .isEqualTo(summary("alone").get("weightsSha256"));
        assertThat(summary("killed").get("restarts").asInt()).isEqualTo(1);
        assertThat(summary("killed").get("drivers").asInt()).isEqualTo(2);
        assertThat(Files.readString(run("killed").resolve("ledger.jsonl")))
                .isEqualTo(Files.readString(alone.resolve("ledger.jsonl")));
        assertThat(iterations("killed"))
                .extracting(line -> line.get("iteration").asInt(), line -> line.get("loss"))
                .isEqualTo(iterations("alone").stream()
                        .map(line -> org.assertj.core.groups.Tuple.tuple(
                                line.get("iteration").asInt(), line.get("loss")))
                        .toList());
        try (Stream<Path> snapshots = Files.list(run("killed").resolve("snapshots"))) {
            assertThat(snapshots).isEmpty();
        }
    }

    @Test
    void shouldGoOnWithTheExecutorsThatAreLeft() throws IOException {
        Process process = start("fewer", "failure.minTasks=2", "failure.replacementTimeout=0s");
        awaitSnapshot("fewer", PER_EPOCH + 1);
        Launcher.executors(process).get(0).destroyForcibly();
        String output = finish("fewer", process);

        assertThat(summary("fewer").get("tasks").asInt()).as(output).isEqualTo(2);
        assertThat(summary("fewer").get("ledgerViolations").asInt()).isZero();
        MatchResult restart = GOING_ON.matcher(output).results().findFirst().orElseThrow();
        int from = PER_EPOCH + Integer.parseInt(restart.group(1));
        List<JsonNode> expected = iterations("alone");
        List<JsonNode> actual = iterations("fewer");
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = from; i < Math.min(from + 50, 2 * PER_EPOCH); i++) {
            assertThat(actual.get(i).get("loss").asDouble())
                    .as("loss of iteration " + i)
                    .isCloseTo(expected.get(i).get("loss").asDouble(), within(1e-3));
        }
    }

    private static void awaitSnapshot(String name, int iteration) {
        Path snapshots = run(name).resolve("snapshots");
        Awaitility.await()
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> newestSnapshot(snapshots) >= iteration);
    }

    private static int newestSnapshot(Path snapshots) {
        try (Stream<Path> children = Files.list(snapshots)) {
            return children.filter(child -> Files.exists(child.resolve("manifest.json")))
                    .mapToInt(child ->
                            Integer.parseInt(child.getFileName().toString().substring(0, 9)))
                    .max()
                    .orElse(0);
        } catch (IOException | UncheckedIOException e) {
            return 0;
        }
    }

    private static Process start(String name, String... settings) {
        return start(name, List.of("--master", "local-cluster[3,1,1024]"), settings);
    }

    /** On executors that have a core more than training takes, for exchanges that run ahead. */
    private static Process startWithSpareSlots(String name) throws IOException {
        Path events = Files.createDirectories(directory.resolve("events"));
        return start(
                name,
                List.of(
                        "--master",
                        "local-cluster[3,2,1024]",
                        "--conf",
                        "spark.eventLog.enabled=true",
                        "--conf",
                        "spark.eventLog.dir=" + events.toUri()));
    }

    /** Whether a job of that description ended well in a run that keeps its events. */
    private static boolean succeeded(String description) throws IOException {
        Set<Integer> started = new HashSet<>();
        boolean succeeded = false;
        try (Stream<Path> files = Files.walk(directory.resolve("events"))) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                for (String line : Files.readAllLines(file)) {
                    if (line.contains("SparkListenerJobStart") && line.contains('"' + description + '"')) {
                        started.add(JSON.readTree(line).get("Job ID").asInt());
                    } else if (line.contains("SparkListenerJobEnd")) {
                        JsonNode end = JSON.readTree(line);
                        succeeded |= started.remove(end.get("Job ID").asInt())
                                && end.get("Job Result").get("Result").asText().equals("JobSucceeded");
                    }
                }
            }
        }
        return succeeded;
    }

    private static Process start(String name, List<String> options, String... settings) {
        Stream<String> all = Stream.concat(
                Stream.of(
                        "model.name=cifar-resnet8",
                        "training.workers=4",
                        "training.perWorkerBatchSize=8",
                        "training.epochs=2",
                        "training.tasks=3",
                        "collective.timeout=20s",
                        "checkpoint.everyIterations=10",
                        "failure.backoff=100ms"),
                Stream.of(settings));
        Stream<String> arguments = Stream.of(
                "train",
                "--data",
                data.resolve("train").toString(),
                "--run",
                run(name).toString());
        return Launcher.start(
                directory.resolve(name + ".log"),
                options,
                Map.of(),
                Stream.concat(arguments, all.flatMap(setting -> Stream.of("--set", setting)))
                        .toArray(String[]::new));
    }

    private static String finish(String name, Process process) {
        Launcher.Result result = Launcher.await(process, directory.resolve(name + ".log"));
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    private static Path run(String name) {
        return directory.resolve(name);
    }

    private static String log(String name) throws IOException {
        return Files.readString(directory.resolve(name + ".log"));
    }

    private static JsonNode summary(String name) throws IOException {
        return JSON.readTree(run(name).resolve("summary.json").toFile());
    }

    private static List<JsonNode> iterations(String name) throws IOException {
        return JSON
                .readerFor(JsonNode.class)
                .<JsonNode>readValues(run(name).resolve("metrics.jsonl").toFile())
                .readAll()
                .stream()
                .filter(line -> line.get("kind").asText().equals("iteration"))
                .toList();
    }
}
