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
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training on two executors of two GPUs each, whose place test doubles of CUDA's libraries take: what Spark, loop and sums do is
 * real, the arithmetic a processor's. An executor counts as a host where {@code collective.group = executor}. All runs are settings
 * of one experiment, and so of one application, whose executors go from one to the next.
 */
@Tag("spark")
@Tag("cuda-double")
class GpuIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int GPUS = 4;

    /** Of NCCL, that a process takes part in, as a rank that leads no group, before it dies: in the run that comes first. */
    private static final int OPERATIONS = 80;

    /** Backward passes of a process, of its two GPUs, before one fails: in the same run, later, where no rank was lost. */
    private static final int BACKWARDS = 18;

    private static final String EXPERIMENT = """
            model.name = cifar-resnet8
            training { workers = 4, perWorkerBatchSize = 8, epochs = 2, device = cuda }
            collective { bucketSize = 64KiB, timeout = 30s, group = executor, inter = nccl }
            checkpoint.everyIterations = 3
            experiment {
              title = "GPUs that do not exist"
              baseline = processors
              settings = [
                { name = lost, recipe.training { precision = f16, lossScale = 1048576 } }
                { name = undisturbed, recipe.training { precision = f16, lossScale = 1048576 } }
                { name = nccl }
                { name = tcp, recipe.collective.inter = halving-doubling }
                { name = one-host, recipe { collective.group = host, training.cudaGraphs = true } }
                { name = processors, recipe.training.device = cpu }
              ]
            }
            """;

    @TempDir
    private static Path directory;

    private static String output = "";

    @BeforeAll
    static void trainAll() throws IOException {
        String data = prepare().toString();
        Path told = Files.createFile(directory.resolve("die"));
        Path broken = Files.createFile(directory.resolve("break"));
        Path file = Files.writeString(directory.resolve("gpus.conf"), EXPERIMENT);
        Path bin = directory.resolve("bin");
        output = run(
                onGpus(bin, told, broken),
                Map.of("PATH", bin + ":" + System.getenv("PATH")),
                List.of(
                        "experiment",
                        "run",
                        file.toString(),
                        "--seeds",
                        "1",
                        "--out",
                        directory.resolve("out").toString(),
                        "--data",
                        data,
                        "--validation",
                        data));
        assertThat(told).as("a rank died, as it was told").doesNotExist();
        assertThat(broken).as("a GPU failed, as it was told").doesNotExist();
    }

    /** CIFAR-10's first ten images of each class where they are, else as many that are drawn: to train with, and to evaluate. */
    private static Path prepare() throws IOException {
        Path data = directory.resolve("data");
        List<String> source =
                List.of("prepare", "generated", "--train", "100", "--test", "1", "--out", data.toString());
        if (CifarArchive.isHere()) {
            Path images = directory.resolve("images");
            CifarArchive.extract(Pattern.compile("train/[^/]+/000\\d\\.jpg"), images);
            source = List.of(
                    "prepare",
                    "imagefolder",
                    images.resolve("train").toString(),
                    "--out",
                    data.resolve("train").toString());
        }
        run(List.of("--master", "local[2]"), Map.of(), source);
        return data.resolve("train");
    }

    /** Two hosts of two GPUs: NCCL reduces within, NCCL sums between, NCCL broadcasts within. */
    @Test
    void shouldTrainInThreePhasesOfNccl() throws IOException {
        assertThat(output).contains("4 GPUs on 2 hosts are summed by NCCL within a host, by NCCL between hosts");
        assertLossesAsOnProcessors("nccl");
    }

    /** In f16, where the first gradients overflow and are skipped: the scale that they led to is lost and found with the weights. */
    @Test
    void shouldEndWithTheSameWeightsWhenARankIsLostInTheMiddleOfASumAndAGpuFails() throws IOException {
        assertThat(summary("lost").get("restarts").asInt()).as(output).isEqualTo(2);
        // Whether the runtime tells of it or the driver is a matter of which call comes next.
        assertThat(output)
                .containsPattern(
                        "(cudaErrorIllegalAddress|CUDA_ERROR_ILLEGAL_ADDRESS): .*; its executor ends, to be replaced");
        assertThat(summary("lost").get("ledgerViolations").asInt()).isZero();
        assertThat(summary("lost").get("weightsSha256"))
                .isEqualTo(summary("undisturbed").get("weightsSha256"));
        assertThat(skippedSteps("undisturbed")).hasSize(2);
        assertThat(skippedSteps("undisturbed").get(0)).isBetween(1, 3);
        assertThat(skippedSteps("undisturbed").get(1)).isZero();
        assertThat(skippedSteps("lost")).isEqualTo(skippedSteps("undisturbed"));
    }

    /** The same hosts, of which the first GPU copies to the host's memory, and the hosts sum by TCP. */
    @Test
    void shouldTrainInThreePhasesWithTcpBetweenHosts() throws IOException {
        assertThat(output).contains("by HALVING_DOUBLING over TCP between hosts");
        assertLossesAsOnProcessors("tcp");
    }

    /** Processes of one host, of two GPUs each, in one sum by NCCL; steps as CUDA graphs. */
    @Test
    void shouldTrainOnExecutorsOfOneHost() throws IOException {
        assertThat(output).contains("4 GPUs on one host are summed by NCCL");
        assertLossesAsOnProcessors("one-host");
    }

    private static List<String> onGpus(Path bin, Path told, Path broken) throws IOException {
        String doubles = Path.of("..", "ops", "target", "cuda-doubles")
                .toAbsolutePath()
                .normalize()
                .toString();
        List<String> uuids = IntStream.range(0, GPUS)
                .mapToObj("GPU-d0000000-0000-0000-0000-00000000000%d"::formatted)
                .toList();
        List<String> options = new ArrayList<>(Gpus.halves(bin, uuids));
        Map.of(
                        "spark.executorEnv.LD_LIBRARY_PATH",
                        doubles,
                        "spark.executorEnv.SANDGLASS_CUDA_DOUBLES",
                        String.valueOf(GPUS),
                        "spark.executorEnv.SANDGLASS_NCCL_KILL",
                        told + ":" + OPERATIONS,
                        "spark.executorEnv.SANDGLASS_CUDA_FAULT",
                        broken + ":softmax_gradient:" + BACKWARDS,
                        "spark.executor.extraJavaOptions",
                        "-Dorg.bytedeco.javacpp.platform.linkpath=" + doubles)
                .forEach((key, value) -> options.addAll(List.of("--conf", key + "=" + value)));
        return options;
    }

    private static String run(List<String> options, Map<String, String> environment, List<String> arguments) {
        Launcher.Result result = Launcher.run(
                directory.resolve(arguments.get(0) + ".log"), options, environment, arguments.toArray(String[]::new));
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    private static Path directoryOf(String setting) {
        return directory.resolve("out").resolve(setting).resolve("seed-0");
    }

    private static JsonNode summary(String setting) throws IOException {
        return JSON.readTree(directoryOf(setting).resolve("summary.json").toFile());
    }

    private static void assertLossesAsOnProcessors(String setting) throws IOException {
        assertThat(summary(setting).get("ledgerViolations").asInt()).isZero();
        List<Double> expected = losses("processors");
        List<Double> actual = losses(setting);
        assertThat(actual).hasSameSizeAs(expected).hasSize(8);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i)).as("loss %s", i).isCloseTo(expected.get(i), Offset.offset(1e-3));
        }
    }

    /** Of the iterations, in their order. */
    private static List<Double> losses(String setting) throws IOException {
        return metrics(setting, "iteration").stream()
                .map(metrics -> metrics.get("loss").asDouble())
                .toList();
    }

    /** Of the epochs, in their order. */
    private static List<Integer> skippedSteps(String setting) throws IOException {
        return metrics(setting, "epoch").stream()
                .map(metrics -> metrics.get("skippedSteps").asInt())
                .toList();
    }

    private static List<JsonNode> metrics(String setting, String kind) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(directoryOf(setting).resolve("metrics.jsonl"))) {
            JsonNode metrics = JSON.readTree(line);
            if (metrics.get("kind").asText().equals(kind)) {
                lines.add(metrics);
            }
        }
        return lines;
    }
}
