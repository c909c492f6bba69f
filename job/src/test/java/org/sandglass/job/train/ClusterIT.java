package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clusters with settings of their own: encrypted, watched, with GPUs. Executors are processes of this machine. */
@Tag("spark")
class ClusterIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String METRICS = ".plugin.org.sandglass.job.train.TrainingMetrics.";

    @TempDir
    private static Path directory;

    private static Path data;

    @BeforeAll
    static void prepareData() {
        data = directory.resolve("data");
        run(List.of("--master", "local[2]"), "prepare", "generated", "--train", "203", "--test", "40", "--out", data)
                .expect(0);
    }

    private record Ended(int exitCode, String output) {
        Ended expect(int code) {
            assertThat(exitCode).as(output).isEqualTo(code);
            return this;
        }
    }

    @Test
    void shouldTrainEvaluateAndPredictWhereSparkAuthenticatesAndEncrypts() throws IOException {
        Path events = Files.createDirectories(directory.resolve("events"));
        Path metrics = Files.createDirectories(directory.resolve("metrics"));
        Map<String, String> settings = new TreeMap<>(Map.of(
                "spark.authenticate", "true",
                "spark.authenticate.secret", "known to the cluster",
                "spark.network.crypto.enabled", "true",
                "spark.io.encryption.enabled", "true",
                "spark.eventLog.enabled", "true",
                "spark.eventLog.dir", events.toUri().toString()));
        settings.putAll(transportSecurity());
        List<String> watched = new ArrayList<>(options(2, 1, settings));
        watched.addAll(conf("spark.metrics.conf.*.sink.csv.class", "org.apache.spark.metrics.sink.CsvSink"));
        watched.addAll(conf("spark.metrics.conf.*.sink.csv.period", "1"));
        watched.addAll(conf("spark.metrics.conf.*.sink.csv.directory", metrics.toString()));
        Path run = directory.resolve("encrypted");

        train(run, watched).expect(0);
        assertThat(JSON.readTree(run.resolve("summary.json").toFile())
                        .get("ledgerViolations")
                        .asInt())
                .isZero();
        assertThat(JSON.readTree(run.resolve("ledger.jsonl").toFile())
                        .get("verdict")
                        .asText())
                .isEqualTo("exact");

        List<String> log = lines(events);
        assertThat(log).anySatisfy(line -> assertThat(line)
                .contains("SparkListenerJobStart", "spark.job.description", "epoch 1 of 1: train"));
        assertThat(log).anySatisfy(line -> assertThat(line)
                .contains("SparkListenerStageCompleted", "\"Name\":\"samples\",\"Value\":\"203\"", "sum of losses"));
        for (String process : List.of(".driver", ".0", ".1")) {
            for (String name : List.of("imagesPerSecond", "loss", "exposedCommunication", "exchangeLagSeconds")) {
                assertThat(lastValue(metrics, process + METRICS + name + ".csv"))
                        .as(process + " " + name)
                        .isGreaterThan(name.equals("exposedCommunication") ? -1 : 0);
            }
        }

        List<String> encrypted = options(2, 1, settings);
        assertThat(run(encrypted, "evaluate", "--checkpoint", run, "--data", data.resolve("test"))
                        .expect(0)
                        .output())
                .contains("40 images");
        Path predictions = directory.resolve("predictions");
        run(encrypted, "predict", "--checkpoint", run, "--data", data.resolve("test"), "--out", predictions)
                .expect(0);
        assertThat(predictions.resolve("_SUCCESS")).exists();
    }

    @Test
    void shouldGiveEachTaskAGpuOfItsOwnAndFindAHealthyCluster() throws IOException {
        Ended doctor = run(
                gpus(1, "GPU-aaaa", "GPU-bbbb"),
                "doctor",
                "--json",
                "--set",
                "model.name=cifar-resnet8",
                "--set",
                "training.workers=2",
                "--data",
                data.resolve("train"),
                "--run",
                directory.resolve("examined"));
        doctor.expect(0);
        JsonNode found = JSON.readTree(doctor.output());
        assertThat(found.get("errors").asInt()).isZero();
        assertThat(messages(found))
                .contains("ok devices: a GPU of its own for each rank: GPU-aaaa, GPU-bbbb")
                .anyMatch(message -> message.startsWith("warn cuda: GPUs were given, and cannot be used: ")
                        && message.contains("libcuda.so.1: cannot open shared object file")
                        && message.contains("libcudart.so.13 libcublas.so.13")
                        && message.contains("driver 580 or later")
                        && message.contains("CUDA 13"))
                .anyMatch(message -> message.startsWith("ok native libraries"))
                .anyMatch(message -> message.startsWith("ok network"))
                .anyMatch(message -> message.startsWith("ok checkpoints"))
                .anyMatch(message -> message.startsWith("ok clocks"))
                .anyMatch(message -> message.startsWith("ok versions"))
                .anyMatch(message -> message.startsWith("ok disks"))
                .anyMatch(message -> message.startsWith("ok gang"));
        assertThat(directory.resolve("examined")).isEmptyDirectory();
    }

    @Test
    void shouldRefuseTwoTasksOnOneGpu() throws IOException {
        Ended train = train(directory.resolve("shared"), gpus(2, "GPU-aaaa")).expect(4);
        assertThat(train.output())
                .contains("ranks 0 and 1 were both given GPU GPU-aaaa", "spark.task.resource.gpu.amount");
    }

    /** The executor of id 0 is told to have a lesser processor. */
    @Test
    void shouldEndAtOnceWhereOneOfTheExecutorsCannotComputeInThePrecision() throws IOException {
        Path java = Files.createDirectories(directory.resolve("java/bin")).resolve("java");
        Files.writeString(java, """
                #!/bin/sh
                case "$*" in *"CoarseGrainedExecutorBackend"*"--executor-id 0 "*) export ONEDNN_MAX_CPU_ISA=AVX2;; esac
                exec '%s/bin/java' "$@"
                """.formatted(System.getProperty("java.home")));
        assertThat(java.toFile().setExecutable(true)).isTrue();
        long started = System.nanoTime();
        Ended train = run(
                        Map.of("JAVA_HOME", directory.resolve("java").toString()),
                        options(2, 1, Map.of("spark.barrier.sync.timeout", "240")),
                        trainArguments(directory.resolve("mixed"), "training.precision=bf16"))
                .expect(4);
        assertThat(train.output()).contains("Host 127.0.0.1", "training.precision = bf16", "avx2", "take f32");
        assertThat(Duration.ofNanos(System.nanoTime() - started)).isLessThan(Duration.ofMinutes(2));
    }

    @Test
    void shouldEndWithFourAndTheRemedyWhenASettingIsWrong() {
        Ended doctor = run(options(2, 1, Map.of("spark.speculation", "true")), "doctor")
                .expect(4);
        assertThat(doctor.output()).contains("error  speculation", "→ set spark.speculation=false", "cannot start");
    }

    private static Ended train(Path run, List<String> options, String... settings) {
        return run(options, trainArguments(run, settings));
    }

    private static Object[] trainArguments(Path run, String... settings) {
        List<Object> arguments = new ArrayList<>(List.of("train", "--data", data.resolve("train"), "--run", run));
        Stream.concat(
                        Stream.of(
                                "model.name=cifar-resnet8",
                                "training.workers=2",
                                "training.perWorkerBatchSize=16",
                                "training.epochs=1"),
                        Stream.of(settings))
                .forEach(setting -> arguments.addAll(List.of("--set", setting)));
        return arguments.toArray();
    }

    private static Ended run(List<String> options, Object... arguments) {
        return run(Map.of(), options, arguments);
    }

    private static Ended run(Map<String, String> variables, List<String> options, Object... arguments) {
        Path log = directory.resolve(arguments[0] + "-" + System.nanoTime() + ".log");
        Map<String, String> environment = new TreeMap<>(variables);
        environment.put("PATH", directory.resolve("bin") + ":" + System.getenv("PATH"));
        Launcher.Result result = Launcher.run(
                log,
                options,
                environment,
                Stream.of(arguments).map(Object::toString).toArray(String[]::new));
        return new Ended(result.exitCode(), result.output());
    }

    private static List<String> options(int executors, int cores, Map<String, String> settings) {
        List<String> options =
                new ArrayList<>(List.of("--master", "local-cluster[" + executors + "," + cores + ",1024]"));
        settings.forEach((key, value) -> options.addAll(conf(key, value)));
        return options;
    }

    /** Spark's own pages over TLS. */
    private static Map<String, String> transportSecurity() throws IOException {
        Path store = directory.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "RSA",
                        "-dname",
                        "CN=localhost",
                        "-storepass",
                        "changeit",
                        "-keystore",
                        store.toString())
                .inheritIO()
                .start();
        assertThat(keytool.onExit().join().exitValue()).isZero();
        return Map.of(
                "spark.ssl.enabled", "true",
                "spark.ssl.keyStore", store.toString(),
                "spark.ssl.keyStorePassword", "changeit",
                "spark.ssl.keyPassword", "changeit",
                "spark.ssl.trustStore", store.toString(),
                "spark.ssl.trustStorePassword", "changeit",
                "spark.ui.enabled", "true",
                "spark.ui.port", "0");
    }

    private static List<String> conf(String key, String value) {
        return List.of("--conf", key + "=" + value);
    }

    private static List<String> gpus(int executors, String... uuids) throws IOException {
        return Gpus.each(directory.resolve("bin"), executors, List.of(uuids));
    }

    private static List<String> messages(JsonNode found) {
        List<String> messages = new ArrayList<>();
        found.get("findings")
                .forEach(finding -> messages.add(finding.get("level").asText() + " "
                        + finding.get("check").asText() + ": "
                        + finding.get("message").asText()));
        return messages;
    }

    private static double lastValue(Path metrics, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(metrics)) {
            Path file = files.filter(path -> path.toString().endsWith(suffix))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError("No metrics " + suffix));
            List<String> lines = Files.readAllLines(file);
            String last = lines.get(lines.size() - 1);
            return Double.parseDouble(last.substring(last.indexOf(',') + 1));
        }
    }

    private static List<String> lines(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .flatMap(file -> {
                        try {
                            return Files.readAllLines(file).stream();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .toList();
        }
    }
}
