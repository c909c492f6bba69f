package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.experiment.ExperimentData.SettingData;
import org.sandglass.job.train.Launcher;

/** A queue through the launcher: killed, gone on with, reported. One of its settings diverges, another one has a pitfall. */
@Tag("spark")
class ExperimentIT {

    private static final String EXPERIMENT = """
            model.name = cifar-resnet8
            training { workers = 4, perWorkerBatchSize = 8, epochs = 2 }
            learningRate { referenceBatchSize = 32, warmup.kind = none }
            experiment {
              title = "Three settings"
              baseline = plain
              scale.huge = 1e12
              settings = [
                { name = plain, paper = "23.60" }
                { name = "too fast", recipe.learningRate.reference = ${experiment.scale.huge} }
                { name = own, recipe.pitfall.ownShuffles = true }
              ]
            }
            """;

    @TempDir
    private Path directory;

    @Test
    void shouldGoOnAfterAKillAndReport() throws IOException {
        Path data = directory.resolve("data");
        succeed("prepare", "generated", "--train", "160", "--test", "40", "--out", data.toString());
        Path file = Files.writeString(directory.resolve("three.conf"), EXPERIMENT);
        Path out = directory.resolve("out");
        List<String> command = new ArrayList<>(List.of(
                "experiment",
                "run",
                file.toString(),
                "--seeds",
                "2",
                "--out",
                out.toString(),
                "--data",
                data.resolve("train").toString(),
                "--validation",
                data.resolve("test").toString()));

        Path first = out.resolve("plain/seed-0/summary.json");
        Path log = directory.resolve("killed.log");
        Process process = Launcher.start(log, command.toArray(String[]::new));
        await().atMost(Duration.ofMinutes(3)).until(() -> Files.exists(out.resolve("data.json")));
        Launcher.killDriver(process);
        FileTime finished = Files.getLastModifiedTime(first);

        assertThat(Launcher.run(log, command.toArray(String[]::new)).output())
                .contains("holds one already; go on with it by --resume");
        command.add("--resume");
        List<String> other = new ArrayList<>(command);
        other.addAll(List.of("--set", "optimizer.momentum=0.8"));
        assertThat(Launcher.run(log, other.toArray(String[]::new)).output())
                .contains(
                        "the recipe of ", "has optimizer.momentum: 0.9 → 0.8; give the same recipe, or another --out");
        assertThat(succeed(command.toArray(String[]::new)))
                .contains("run 1 of 6: plain, seed 0: has ended already", "run 6 of 6: own, seed 1");
        assertThat(Files.getLastModifiedTime(first)).isEqualTo(finished);

        ExperimentData read = ExperimentData.read(out.toString(), new Configuration());
        assertThat(read.settings()).extracting(SettingData::name).containsExactly("plain", "too fast", "own");
        assertThat(read.settings().get(0).group().orElseThrow().finalError().count())
                .isEqualTo(2);
        assertThat(read.settings().get(1).group().orElseThrow().count("diverged"))
                .isEqualTo(2);
        assertThat(read.settings().get(2).runs())
                .allSatisfy(run -> assertThat(run.ledgerViolations()).isEqualTo(2));
        assertThat(out.resolve("table.md")).content().contains("| plain |", "2 diverged", "23.60");

        shouldTakeOverRunsOfEqualRecipes(command, out);

        Path again = directory.resolve("again");
        succeed("experiment", "report", out.resolve("data.json").toString(), "--out", again.toString());
        for (String name : List.of("table.md", "table.csv", "data.json", "training-error.svg", "report.html")) {
            assertThat(again.resolve(name)).hasSameTextualContentAs(out.resolve(name));
        }
    }

    /** Another queue, whose settings and seeds are some of those that have been run. */
    private void shouldTakeOverRunsOfEqualRecipes(List<String> command, Path out) throws IOException {
        Path other = directory.resolve("other");
        List<String> again = new ArrayList<>(command);
        again.set(again.indexOf("--out") + 1, other.toString());
        again.set(again.indexOf("--seeds") + 1, "1");
        again.addAll(List.of("--only", "plain", "--only", "own", "--reuse", out.toString()));
        assertThat(succeed(again.toArray(String[]::new)))
                .contains("run 1 of 2: plain, seed 0: taken over from", "run 2 of 2: own, seed 0: taken over from");
        assertThat(other.resolve("plain/seed-0/summary.json"))
                .hasSameTextualContentAs(out.resolve("plain/seed-0/summary.json"));
        assertThat(other.resolve("table.md")).content().contains("| plain |");
    }

    private String succeed(String... command) {
        Launcher.Result result = Launcher.run(directory.resolve("log"), command);
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }
}
