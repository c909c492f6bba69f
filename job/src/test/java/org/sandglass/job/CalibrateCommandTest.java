package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.failure.ExitCode;

/** Tasks on threads of this process. */
@Tag("spark")
class CalibrateCommandTest {

    private static final List<String> RECIPE = List.of(
            "--set",
            "model.name=cifar-resnet8",
            "--set",
            "training.workers=2",
            "--set",
            "training.perWorkerBatchSize=4");
    private static final String CLUSTER = """
            cluster {
              hosts = 4, devicesPerHost = 1, coresPerHost = 2
              link { gbps = 10, efficiency = 0.9, latencyMicros = 30 }
              hostGBps = 10, copyGBps = 10, diskGBps = 1
              data { samples = 50000, validation = 10000, encodedKiB = 1 }
            }
            model.name = cifar-resnet8
            training { workers = 4, perWorkerBatchSize = 8 }
            include "calibration.conf"
            """;

    @TempDir
    private static Path directory;

    private final StringWriter output = new StringWriter();
    private final StringWriter error = new StringWriter();

    @BeforeAll
    static void useThreads() {
        System.setProperty("spark.ui.enabled", "false");
    }

    @AfterAll
    static void restoreProperties() {
        System.clearProperty("spark.ui.enabled");
        System.clearProperty("spark.master");
    }

    @Test
    void shouldMeasureWhatAPlanRestsOn() throws IOException {
        System.setProperty("spark.master", "local[2]");
        prepare("two");

        assertThat(run(
                        "calibrate",
                        "two",
                        "--out",
                        directory.resolve("calibration.conf").toString()))
                .as(error.toString())
                .isZero();

        Config measured = ConfigFactory.parseFile(
                        directory.resolve("calibration.conf").toFile())
                .getConfig("calibration");
        assertThat(measured.getString("model")).isEqualTo("cifar-resnet8");
        assertThat(measured.getString("precision")).isEqualTo("f32");
        assertThat(measured.getInt("size")).isEqualTo(32);
        assertThat(measured.getInt("perWorkerBatchSize")).isEqualTo(4);
        assertThat(measured.getDouble("backwardMillis")).isGreaterThan(measured.getDouble("updateMillis"));
        assertThat(measured.getBoolean("engine.onDevice")).isTrue();
        for (String key : List.of("forwardMillis", "device.tflops", "engine.GBps", "decodePerCore", "exchangeMBps")) {
            assertThat(measured.getDouble(key)).as(key).isPositive();
        }
        Path cluster = Files.writeString(directory.resolve("cluster.conf"), CLUSTER);
        assertThat(Sandglass.run(
                        new String[] {"plan", "--conf", cluster.toString(), "--no-memory", "--json"},
                        new PrintWriter(output, true),
                        new PrintWriter(error, true)))
                .as(error.toString())
                .isZero();
        JsonNode plan = new ObjectMapper().readTree(output.toString());
        double step = measured.getDouble("forwardMillis") + measured.getDouble("backwardMillis");
        assertThat(plan.get("iterationSeconds").asDouble()).isBetween(2e-3 * step, 10e-3 * step + 1);
    }

    @Test
    void shouldSayThatASumNeedsTwoTasks() {
        System.setProperty("spark.master", "local[1]");
        prepare("one");

        assertThat(run("calibrate", "one")).isEqualTo(ExitCode.CLUSTER.code());
        assertThat(error.toString()).contains("Cannot calibrate with one task", "more executors or cores");
    }

    private void prepare(String table) {
        assertThat(Sandglass.run(
                        new String[] {
                            "prepare",
                            "generated",
                            "--train",
                            "48",
                            "--test",
                            "4",
                            "--out",
                            directory.resolve(table).toString()
                        },
                        new PrintWriter(output),
                        new PrintWriter(error)))
                .as(error.toString())
                .isZero();
        output.getBuffer().setLength(0);
    }

    private int run(String command, String table, String... more) {
        List<String> words = new ArrayList<>(
                List.of(command, "--data", directory.resolve(table + "/train").toString()));
        words.addAll(RECIPE);
        words.addAll(List.of(more));
        return Sandglass.run(words.toArray(String[]::new), new PrintWriter(output, true), new PrintWriter(error, true));
    }
}
