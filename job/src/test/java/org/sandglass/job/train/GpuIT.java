package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training on GPUs whose place test doubles of CUDA's libraries take: what Spark, loop and sums do is real, the arithmetic a
 * processor's. There are four GPUs; an executor counts as a host where {@code collective.group = executor}.
 */
@Tag("spark")
@Tag("cuda-double")
class GpuIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int GPUS = 4;

    /** Operations of NCCL that a process takes part in before it dies, as a rank that leads no group: in the second epoch. */
    private static final int LOST_AFTER = 80;

    @TempDir
    private static Path directory;

    private static Path data;
    private static List<Double> expected = List.of();

    @BeforeAll
    static void trainOnProcessors() throws IOException {
        data = directory.resolve("data");
        Launcher.Result prepared = Launcher.run(
                directory.resolve("prepare.log"),
                List.of("--master", "local[2]"),
                Map.of(),
                "prepare",
                "generated",
                "--train",
                "100",
                "--test",
                "8",
                "--out",
                data.toString());
        assertThat(prepared.exitCode()).as(prepared.output()).isZero();
        train("processors", List.of("--master", "local-cluster[1,2,1024]"), Map.of());
        expected = losses("processors");
        assertThat(expected).hasSize(8);
    }

    /** Two hosts of two GPUs: NCCL reduces within, NCCL sums between, NCCL broadcasts within; once with a rank that is lost. */
    @Test
    void shouldTrainInThreePhasesOfNcclAndEndWithTheSameWeightsWhenARankIsLost() throws IOException {
        String undisturbed = onGpus("nccl", Map.of(), "collective.group=executor", "collective.inter=nccl");
        assertThat(undisturbed).contains("4 GPUs on 2 hosts are summed by NCCL within a host, by NCCL between hosts");
        assertLossesAsExpected("nccl");

        Path told = Files.createFile(directory.resolve("die"));
        String disturbed = onGpus(
                "lost",
                Map.of("SANDGLASS_NCCL_KILL", told + ":" + LOST_AFTER),
                "collective.group=executor",
                "collective.inter=nccl");
        assertThat(told).as("a rank was lost: " + disturbed).doesNotExist();

        assertThat(summary("lost").get("restarts").asInt()).isEqualTo(1);
        assertThat(summary("lost").get("ledgerViolations").asInt()).isZero();
        assertThat(summary("lost").get("weightsSha256"))
                .isEqualTo(summary("nccl").get("weightsSha256"));
    }

    /** The same hosts, of which the first GPU copies to the host's memory, and the hosts sum by TCP. */
    @Test
    void shouldTrainInThreePhasesWithTcpBetweenHosts() throws IOException {
        String output = onGpus("tcp", Map.of(), "collective.group=executor", "collective.inter=halving-doubling");
        assertThat(output).contains("by HALVING_DOUBLING over TCP between hosts");
        assertLossesAsExpected("tcp");
    }

    /** Processes of one host, of two GPUs each, in one sum by NCCL; steps as CUDA graphs. */
    @Test
    void shouldTrainOnExecutorsOfOneHost() throws IOException {
        String output = onGpus("one-host", Map.of(), "training.epochs=1", "training.cudaGraphs=true");
        assertThat(output).contains("4 GPUs on one host are summed by NCCL");
        assertLossesAsExpected("one-host");
    }

    private static String onGpus(String run, Map<String, String> executors, String... settings) throws IOException {
        String doubles = Path.of("..", "ops", "target", "cuda-doubles")
                .toAbsolutePath()
                .normalize()
                .toString();
        List<String> uuids = IntStream.range(0, GPUS)
                .mapToObj("GPU-d0000000-0000-0000-0000-00000000000%d"::formatted)
                .toList();
        List<String> options = new ArrayList<>(Gpus.halves(directory.resolve("bin-" + run), uuids));
        options.addAll(conf("spark.executorEnv.LD_LIBRARY_PATH", doubles));
        options.addAll(conf("spark.executorEnv.SANDGLASS_CUDA_DOUBLES", String.valueOf(GPUS)));
        options.addAll(conf("spark.executor.extraJavaOptions", "-Dorg.bytedeco.javacpp.platform.linkpath=" + doubles));
        executors.forEach((name, value) -> options.addAll(conf("spark.executorEnv." + name, value)));
        return train(
                run,
                options,
                Map.of("PATH", directory.resolve("bin-" + run) + ":" + System.getenv("PATH")),
                Stream.concat(Stream.of("training.device=cuda"), Stream.of(settings))
                        .toArray(String[]::new));
    }

    private static String train(String run, List<String> options, Map<String, String> environment, String... settings) {
        List<String> arguments =
                new ArrayList<>(List.of("train", "--data", data.resolve("train").toString(), "--verbose", "--run"));
        arguments.add(directory.resolve(run).toString());
        Stream.concat(
                        Stream.of(
                                "model.name=cifar-resnet8",
                                "training.workers=4",
                                "training.perWorkerBatchSize=8",
                                "training.epochs=2",
                                "collective.bucketSize=64KiB",
                                "collective.timeout=30s",
                                "checkpoint.everyIterations=3"),
                        Stream.of(settings))
                .forEach(setting -> arguments.addAll(List.of("--set", setting)));
        Launcher.Result result =
                Launcher.run(directory.resolve(run + ".log"), options, environment, arguments.toArray(String[]::new));
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    private static JsonNode summary(String run) throws IOException {
        return JSON.readTree(directory.resolve(run).resolve("summary.json").toFile());
    }

    private static void assertLossesAsExpected(String run) throws IOException {
        assertThat(summary(run).get("ledgerViolations").asInt()).isZero();
        List<Double> actual = losses(run);
        assertThat(actual).hasSizeGreaterThanOrEqualTo(4);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i)).as("loss %s", i).isCloseTo(expected.get(i), Offset.offset(1e-3));
        }
    }

    /** Of the iterations, in their order. */
    private static List<Double> losses(String run) throws IOException {
        List<Double> losses = new ArrayList<>();
        for (String line : Files.readAllLines(directory.resolve(run).resolve("metrics.jsonl"))) {
            JsonNode metrics = JSON.readTree(line);
            if (metrics.get("kind").asText().equals("iteration")) {
                losses.add(metrics.get("loss").asDouble());
            }
        }
        return losses;
    }

    private static List<String> conf(String key, String value) {
        return List.of("--conf", key + "=" + value);
    }
}
