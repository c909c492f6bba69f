package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.data.TableIdentity;
import org.sandglass.job.experiment.ExperimentData.SettingData;
import org.sandglass.job.report.Browser;
import org.sandglass.job.report.RunFiles;

class ExperimentReportTest {

    @TempDir
    private Path directory;

    private final ExperimentData data = new ExperimentData(
            "sweep",
            "Sweep",
            "figure 1",
            "small",
            List.of("a machine"),
            Map.of(
                    "train", new TableIdentity(50_000, "0a1b", null),
                    "validation", new TableIdentity(10_000, null, 20_000L)),
            Map.of("training.precision", "bf16"),
            List.of(
                    setting("small", 4, MadeUpRuns.group("small", 3, 12, 0.2, epoch -> 60 - 3.0 * epoch)),
                    setting("middle", 16, MadeUpRuns.group("middle", 3, 12, 0.2, epoch -> 60 - 3.0 * epoch)),
                    setting("large", 64, MadeUpRuns.group("large", 3, 12, 0.2, epoch -> 70 - 3.0 * epoch)),
                    new SettingData("later", "later", "", "train", "", 256, 16, List.of(), List.of())));

    @Test
    void shouldMakeATableOfMeansAndDeviations() throws IOException {
        String page = ExperimentReport.write(data, new RunFiles(directory.toString(), new Configuration()));
        assertThat(page).isEqualTo("report.html");
        String table = Files.readString(directory.resolve("table.md"));
        Spread expected = data.settings().get(0).group().orElseThrow().finalError();
        assertThat(table)
                .contains("| small | train | baseline | 4 | 16 | 64 | 3 | %.2f ± %.2f | 23.60 |"
                        .formatted(expected.mean(), expected.deviation()))
                .contains("| middle | train | coincides from epoch 1 |", "| large | train | differs |")
                .contains("| later | train | – | 256 | 16 | 4096 | 0 | not run | – |")
                .contains("9 runs of 4 settings, seeds: 3, 0.3 hours; a machine; commit 0123abc")
                .contains("tables: train of 50,000 images, checksum 0a1b;"
                        + " validation of 10,000 images of 20,000 bytes, no checksum");
        assertThat(Files.readString(directory.resolve("table.csv"))).hasLineCount(5);
        assertThat(directory.resolve("error-by-minibatch.svg")).content().contains("<circle");
    }

    /** One of the seeds was held up; table and charts say the same. */
    @Test
    void shouldTellAndDrawTheMedianOfTheSeedsTimes() throws IOException {
        List<SeedRun> held = new ArrayList<>(data.settings().get(1).runs());
        held.set(2, MadeUpRuns.taking(70, held.get(2)));
        List<SettingData> settings = new ArrayList<>(data.settings());
        settings.set(1, setting("middle", 16, new RunGroup("middle", held)));
        ExperimentReport.write(
                new ExperimentData("sweep", "Sweep", "", "small", List.of(), Map.of(), Map.of(), settings),
                new RunFiles(directory.toString(), new Configuration()));

        assertThat(directory.resolve("table.csv")).content().contains("\"s / epoch, median\"");
        assertThat(Files.readAllLines(directory.resolve("table.csv")).get(2)).contains("middle,", ",0.900,10.0,");
        String chart = Files.readString(directory.resolve("seconds-per-epoch.svg"));
        // All three are at 10 seconds: the line through them is level.
        assertThat(Pattern.compile("<circle cx=\"[^\"]*\" cy=\"([^\"]*)\"")
                        .matcher(chart)
                        .results()
                        .map(circle -> circle.group(1)))
                .hasSize(3)
                .containsOnly(first(chart));
        assertThat(chart).contains("Time of an epoch against minibatch, median over the seeds");
    }

    private static String first(String chart) {
        int at = chart.indexOf(" cy=\"") + 5;
        return chart.substring(at, chart.indexOf('"', at));
    }

    @Test
    void shouldTakeTheMedianOfTheLastFiveEpochs() {
        SeedRun run = MadeUpRuns.run(0, 100, 12, 0, epoch -> epoch == 11 ? 90 : epoch);
        assertThat(run.finalError()).isEqualTo(10 + 5, within(1e-9));
    }

    @Test
    void shouldReadWhatItWrote() {
        ExperimentReport.write(data, new RunFiles(directory.toString(), new Configuration()));
        assertThat(ExperimentData.read(directory.resolve("data.json").toString(), new Configuration()))
                .isEqualTo(data);
    }

    @Test
    void shouldTellTheRecipe() throws IOException {
        ExperimentReport.write(data, new RunFiles(directory.toString(), new Configuration()));
        assertThat(directory.resolve("report.html")).content().contains("The recipe of small", "training.precision");
    }

    @Test
    @Tag("browser")
    void shouldShowItsPlotsInABrowser() throws IOException, InterruptedException {
        Assumptions.assumeTrue(Browser.program().isPresent(), Browser.MISSING);
        ExperimentReport.write(data, new RunFiles(directory.toString(), new Configuration()));
        try (Browser browser = Browser.start(Browser.program().orElseThrow())) {
            browser.open(directory.resolve("report.html"));
            assertThat(browser.colorsOfPlots())
                    .containsOnlyKeys(
                            "training-error",
                            "validation-error",
                            "error-by-minibatch",
                            "seconds-per-iteration",
                            "seconds-per-epoch")
                    .allSatisfy((plot, colors) -> assertThat(colors).as(plot).isGreaterThan(20));
            assertThat(browser.complaints()).isEmpty();
            assertThat(browser.requests()).isEmpty();
        }
    }

    private static SettingData setting(String name, int workers, RunGroup group) {
        return new SettingData(name, name, "", "train", "23.60", workers, 16, List.of("a: 1 → 2"), group.runs());
    }
}
