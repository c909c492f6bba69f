package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.report.Chart.Axis;
import org.sandglass.job.report.Chart.Line;
import org.sandglass.job.report.Chart.Point;

/** The pages in a headless Chromium: they draw, ask the network for nothing and complain of nothing. */
@Tag("browser")
class PagesInBrowserTest {

    @TempDir
    Path directory;

    private Browser browser;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        assumeTrue(Browser.program().isPresent(), Browser.MISSING);
        browser = Browser.start(Browser.program().orElseThrow());
    }

    @AfterEach
    void stop() {
        if (browser != null) {
            browser.close();
        }
    }

    @Test
    void shouldDrawTheReportOfARun() throws IOException, InterruptedException {
        Recipe recipe = Recipe.load(null, Map.of("model.name", "cifar-resnet20", "training.epochs", "3"));
        RunDirectory run = RunDirectory.open(directory.resolve("run").toString(), new Configuration(), recipe);
        SampleRun.record(run, 3);
        run.write(SampleRun.summary(3));
        run.writeReport();
        shouldDraw(directory.resolve("run/report.html"), "loss", "error", "rate", "speed");
    }

    @Test
    void shouldDrawCharts() throws IOException, InterruptedException {
        List<Line> lines = List.of(
                new Line("a <band>", false, List.of(Point.of(64, 20, 2), Point.of(4096, 10, 1))),
                new Line("marks", true, List.of(Point.of(64, 30, 2), Point.of(512, 35, 2), Point.of(4096, 45, 1))));
        ChartPage page = new ChartPage(
                "Charts",
                "",
                List.of("A note."),
                List.of(
                        new Chart("linear", "Linear", Axis.linear("x"), Axis.linear("y"), lines),
                        new Chart("logarithmic", "Log", Axis.log("x"), Axis.log("y"), lines)),
                List.of());
        Path file = directory.resolve("charts.html");
        Files.writeString(file, page.render());
        shouldDraw(file, "linear", "logarithmic");
        assertThat(browser.evaluate("document.querySelector('.u-legend').textContent")
                        .asText())
                .contains("a <band>", "marks");
    }

    /** What is written beside the axes neither ends at the canvas's edge nor runs into the axis's own label. */
    @Test
    void shouldLeaveRoomForLongLabels() throws IOException, InterruptedException {
        Line line = new Line("a", true, List.of(Point.of(50_000, 0.0078125), Point.of(450_000, 1.5)));
        Line seconds = new Line("b", true, List.of(Point.of(64, 0.0078125), Point.of(16384, 0.5)));
        Path file = directory.resolve("labels.html");
        Files.writeString(
                file,
                new ChartPage(
                                "Labels",
                                "",
                                List.of(),
                                List.of(
                                        new Chart(
                                                "samples",
                                                "Samples",
                                                Axis.linear("x"),
                                                Axis.linear("y"),
                                                List.of(line)),
                                        new Chart(
                                                "seconds", "Seconds", Axis.log("x"), Axis.log("y"), List.of(seconds))),
                                List.of())
                        .render());
        browser.open(file);
        for (String plot : List.of("samples", "seconds")) {
            assertThat(inked(plot, "canvas.width - 2", 2))
                    .as(plot + ", right edge")
                    .isZero();
            assertThat(inked(plot, "Math.round(21 * devicePixelRatio)", 1))
                    .as(plot + ", between the label of the axis and its values")
                    .isZero();
        }
    }

    /** How many pixels are not transparent in some columns of a plot. */
    private int inked(String plot, String from, int columns) {
        return browser.evaluate("""
                (() => {
                  const canvas = document.querySelector('#%s canvas');
                  const data = canvas.getContext('2d').getImageData(%s, 0, %d, canvas.height).data;
                  return data.filter((value, i) => i %% 4 === 3 && value > 0).length;
                })()""".formatted(plot, from, columns)).asInt();
    }

    @Test
    void shouldNoticeErrorsAndRequests() throws IOException, InterruptedException {
        Path file = directory.resolve("broken.html");
        Files.writeString(
                file,
                "<!doctype html><img src=http://sandglass.invalid/x.png><div class=plot id=p></div>"
                        + "<script>console.error('an error'); missing();</script>");
        browser.open(file);
        assertThat(browser.requests()).containsExactly("http://sandglass.invalid/x.png");
        assertThat(String.join("\n", browser.complaints())).contains("an error", "missing is not defined");
        assertThat(browser.colorsOfPlots()).isEqualTo(Map.of("p", 0));
    }

    private void shouldDraw(Path file, String... plots) throws InterruptedException {
        browser.open(file);
        // Axes and grid alone have a few.
        assertThat(browser.colorsOfPlots())
                .containsOnlyKeys(plots)
                .allSatisfy((plot, colors) -> assertThat(colors).as(plot).isGreaterThan(20));
        assertThat(browser.complaints()).isEmpty();
        assertThat(browser.requests()).isEmpty();
    }
}
