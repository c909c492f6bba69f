package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training on YARN in both of its modes, with data, checkpoints and run directory on HDFS. */
@Tag("yarn")
class YarnIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path SPARK_JARS =
            Path.of(System.getenv("SPARK_HOME"), "jars").toAbsolutePath();

    @TempDir
    private static Path directory;

    private static @Nullable Process cluster;
    private static Configuration hadoop = new Configuration(false);

    @BeforeAll
    static void startCluster() throws IOException {
        Path log = directory.resolve("cluster.log");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-opens",
                        "java.base/java.lang=ALL-UNNAMED",
                        "-Xmx768m",
                        "-Dlog4j2.level=ERROR",
                        "-cp",
                        System.getProperty("sandglass.minicluster") + "/*:" + SPARK_JARS + "/*",
                        "src/test/hadoop/MiniHadoop.java",
                        directory.resolve("cluster").toString())
                .redirectOutput(log.toFile())
                .redirectError(directory.resolve("cluster.err").toFile())
                .start();
        cluster = process;
        Awaitility.await()
                .alias("HDFS and YARN, see " + directory.resolve("cluster.err"))
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(100))
                .until(() -> !process.isAlive() || Files.readString(log).contains("ready"));
        assertThat(process.isAlive())
                .as(() -> read(directory.resolve("cluster.err")))
                .isTrue();
        hadoop.addResource(
                new org.apache.hadoop.fs.Path(conf().resolve("yarn-site.xml").toUri()));
        Launcher.Result prepared = Launcher.run(
                directory.resolve("prepare.log"),
                List.of("--master", "local[2]"),
                environment(),
                "prepare",
                "generated",
                "--train",
                "203",
                "--test",
                "40",
                "--out",
                "hdfs:///images");
        assertThat(prepared.exitCode()).as(prepared.output()).isZero();
    }

    @AfterAll
    static void stopCluster() throws Exception {
        Process process = Objects.requireNonNull(cluster);
        process.getOutputStream().close();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"client", "cluster"})
    void shouldTrainExactlyOnceOnTwoContainersWithEverythingOnHdfs(String deployMode) throws IOException {
        String run = "/runs/" + deployMode;
        Launcher.Result result = Launcher.run(
                directory.resolve(deployMode + ".log"),
                List.of(
                        "--properties-file",
                        "../conf/spark-yarn.properties",
                        "--deploy-mode",
                        deployMode,
                        "--name",
                        deployMode,
                        "--num-executors",
                        "2",
                        "--executor-cores",
                        "1",
                        "--executor-memory",
                        "768m",
                        "--driver-memory",
                        "768m",
                        "--conf",
                        "spark.yarn.jars=local:" + SPARK_JARS + "/*",
                        "--conf",
                        "spark.yarn.dist.files=../conf/log4j2.properties",
                        "--conf",
                        "spark.task.cpus=1",
                        "--conf",
                        "spark.executor.memoryOverhead=768m"),
                environment(),
                "train",
                "--data",
                "hdfs:///images/train",
                "--validation",
                "hdfs:///images/test",
                "--run",
                "hdfs://" + run,
                "--set",
                "model.name=cifar-resnet8",
                "--set",
                "training.workers=2",
                "--set",
                "training.perWorkerBatchSize=16",
                "--set",
                "training.epochs=1");

        assertThat(result.exitCode())
                .as(() -> result.output() + containerLogs())
                .isZero();
        try (FileSystem files = FileSystem.newInstance(hadoop)) {
            JsonNode summary = read(files, run + "/summary.json");
            assertThat(summary.get("status").asText()).isEqualTo("finished");
            assertThat(summary.get("tasks").asInt()).isEqualTo(2);
            assertThat(summary.get("validationSamples").asInt()).isEqualTo(40);
            assertThat(summary.get("ledgerViolations").asInt()).isZero();
            JsonNode ledger = read(files, run + "/ledger.jsonl");
            assertThat(ledger.get("samples").asInt()).isEqualTo(203);
            assertThat(ledger.get("distinct").asInt()).isEqualTo(203);
            assertThat(ledger.get("verdict").asText()).isEqualTo("exact");
            assertThat(Arrays.stream(files.listStatus(new org.apache.hadoop.fs.Path(run + "/checkpoints/00001")))
                            .map(FileStatus::getPath)
                            .map(org.apache.hadoop.fs.Path::getName))
                    .contains("manifest.json", "model.safetensors", "optimizer.safetensors");
        }
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> succeeded(deployMode));
        assertThat(containerLogs()).contains("[rank 0] ", "[rank 1] ");
    }

    /** Asks the resource manager what became of the application of this name. */
    private static boolean succeeded(String name) throws IOException {
        OutputStream commands = Objects.requireNonNull(cluster).getOutputStream();
        commands.write('\n');
        commands.flush();
        return Files.readAllLines(directory.resolve("cluster.log")).contains(name + " SUCCEEDED");
    }

    private static JsonNode read(FileSystem files, String path) throws IOException {
        try (InputStream in = files.open(new org.apache.hadoop.fs.Path(path))) {
            return JSON.readTree(in);
        }
    }

    private static Path conf() {
        return directory.resolve("cluster").resolve("conf");
    }

    private static Map<String, String> environment() {
        return Map.of("HADOOP_CONF_DIR", conf().toString());
    }

    /** What the containers said, for a failure's message. */
    private static String containerLogs() {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().contains("logDir") && file.endsWith("stderr"))
                    .map(file -> "\n" + file + ":\n" + read(file))
                    .reduce("", String::concat);
        } catch (IOException e) {
            return "\n" + e;
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
