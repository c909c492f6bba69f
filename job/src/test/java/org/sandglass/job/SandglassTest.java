package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.job.config.Recipe;

class SandglassTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "quickstart",
                "prepare",
                "prepare imagefolder",
                "prepare cifar10",
                "prepare generated",
                "prepare subset",
                "train",
                "evaluate",
                "predict",
                "export",
                "doctor",
                "plan",
                "compare",
                "experiment",
                "experiment run",
                "experiment report",
                "bench",
                "bench step",
                "bench input"
            })
    void shouldExplainEveryCommandWithAnExample(String command) {
        assertThat(run(command + " --help")).isZero();
        assertThat(out.toString())
                .startsWith("Usage: sandglass " + command + " ")
                .contains("Example", "  sandglass " + command);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void shouldListCommandsAndExitCodes() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("quickstart", "prepare", "Exit codes: 0 done, 2 usage");
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).contains("sandglass 0.");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            trian                                      | Unknown command: trian; the nearest is train (see sandglass --help)
            surgeon --help                             | Unknown command: surgeon (see sandglass --help)
            prepare cifar --help                       | Unknown command: cifar; the nearest is cifar10 (see sandglass prepare --help)
            train --dat x                              | Unknown option: --dat; the nearest is --data (see sandglass train --help)
            train --run x                              | Missing required option: '--data=URI' (see sandglass train --help)
            prepare                                    | Missing source: imagefolder, cifar10, generated, noise or subset (see sandglass prepare --help)
            evaluate --checkpoint x --data y z         | Unexpected argument: z (see sandglass evaluate --help)
            train --data x --run y --set epochs        | Value for option option '--set' (KEY=VALUE) should be in KEY=VALUE format but was epochs (see sandglass train --help)
            train --data x --run y --conf /no.conf     | Cannot read recipe: /no.conf: no such file
            plan --no-memory                           | Cannot plan: without --conf: no groups cluster and calibration, and so nothing but memory; add them (conf/README.md, Clusters to plan for), or leave out --no-memory
            plan --out x --conf ../conf/quickstart.conf | Cannot plan: ../conf/quickstart.conf: no groups cluster and calibration, and so nothing but memory; add them (conf/README.md, Clusters to plan for), or leave out --out
            plan --classes -1                          | Cannot plan: --classes must not be negative: -1
            plan --threads 0                           | Cannot plan: --threads must be positive: 0
            experiment run ../conf/paper/depth-cpu.conf --only smal --out /nowhere/x | Cannot find setting "smal" of experiment depth-cpu; there are "small", "large"
            train --data x --run y --set model.nam=r   | Cannot read recipe: --set model.nam=r: unknown key model.nam; the nearest is model.name
            """)
    void shouldSayInOneLineWhatIsWrongAndExitWith2(String arguments, String message) {
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(err.toString()).isEqualTo("sandglass: " + message + System.lineSeparator());
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void shouldExitWith3WithoutTheCheckpoint() {
        assertThat(run("export --checkpoint /nowhere --format onnx --out x.onnx"))
                .isEqualTo(3);
        assertThat(err.toString())
                .startsWith("sandglass: Cannot open checkpoint: ")
                .hasLineCount(1);
    }

    @Test
    void shouldShowTheStackTraceOnRequestOnly() {
        assertThat(run("export --verbose --checkpoint /nowhere --format onnx --out x.onnx"))
                .isEqualTo(3);
        assertThat(err.toString()).contains("\tat org.sandglass.job.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"quickstart", "cifar10-resnet20", "imagenet-resnet50"})
    void shouldShipValidRecipes(String name) {
        Recipe recipe = Recipe.load("../conf/" + name + ".conf", java.util.Map.of());
        assertThat(recipe.learningRate()
                        .schedule(recipe.training().globalBatchSize())
                        .target())
                .isEqualTo(name.startsWith("imagenet") ? 3.2 : 0.1);
    }

    @Test
    void shouldSayWhatAReportIsMadeOf() {
        assertThat(run("experiment report ../conf/paper/cpu.conf")).isEqualTo(3);
        assertThat(err.toString())
                .contains(
                        "cpu.conf: is not what an experiment wrote, at line 1; give the directory of its runs, as runs/NAME, or a"
                                + " data.json");
    }

    /** There is no such Spark: who opened it before looking would tell another error. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "train --data /nowhere --run x",
                "train --data ../conf --validation /nowhere --run x",
                "evaluate --data /nowhere --checkpoint x",
                "predict --data /nowhere --checkpoint x --out y",
                "calibrate --data /nowhere",
                "experiment run ../conf/paper/warmup-cpu.conf --validation /nowhere --out /nowhere/either"
            })
    void shouldSayThatATableIsMissingBeforeItOpensSpark(String command) {
        String before = System.setProperty("spark.master", "nonsense");
        try {
            assertThat(run(command)).isEqualTo(3);
            assertThat(err.toString())
                    .contains(
                            "Cannot open table /nowhere: no such file or directory; to make a table see `sandglass prepare`");
            if (command.startsWith("experiment")) {
                assertThat(err.toString())
                        .contains(
                                "if the experiment's table validation is elsewhere, say so with --table validation=URI");
            }
        } finally {
            if (before == null) {
                System.clearProperty("spark.master");
            } else {
                System.setProperty("spark.master", before);
            }
        }
    }

    @Test
    void shouldPlanThePapersCluster() throws IOException {
        assertThat(run("plan --conf ../conf/paper/cluster-2017.conf --no-memory --json"))
                .isZero();
        JsonNode plan = new ObjectMapper().readTree(out.toString());
        assertThat(plan.path("scalingEfficiency").asDouble()).isBetween(0.85, 0.95);
        assertThat(plan.path("minutes").asDouble()).isBetween(50.0, 75.0);
        assertThat(plan.path("requiredGbps").asDouble()).isBetween(12.0, 20.0);
        assertThat(plan.path("widths")).hasSize(6);
    }

    @Test
    void shouldNotTellAProcessorsMemoryForOtherDevices() {
        assertThat(run("plan --conf ../conf/paper/cluster-2017.conf --set cluster.hosts=1 --set training.workers=8"))
                .isZero();
        assertThat(out.toString()).contains("Memory is left out").doesNotContain("MiB");
    }

    private int run(String arguments) {
        return Sandglass.run(arguments.split(" ", -1), new PrintWriter(out, true), new PrintWriter(err, true));
    }
}
