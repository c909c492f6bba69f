package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.config.Recipe;

class HtmlReportTest {

    private static final Pattern FETCHED = Pattern.compile("(src|href)\\s*=|@import|url\\(");

    private final Recipe recipe = Recipe.load(null, Map.of("model.name", "cifar-resnet20", "training.epochs", "10"));

    @TempDir
    Path parent;

    @Test
    void shouldShowAFinishedRun() throws IOException {
        RunDirectory directory = open("finished");
        SampleRun.record(directory, 10);
        directory.write(SampleRun.summary(10));
        String page = report(directory);
        assertThat(page)
                .contains("finished", "22.24", "exact", "10 epochs", "learningRate.decay.epochs", "[30, 60, 80]")
                .contains("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
        assertThat(page.length()).isLessThan(1 << 20);
    }

    @Test
    void shouldAskTheNetworkForNothing() throws IOException {
        RunDirectory directory = open("run");
        SampleRun.record(directory, 1);
        String page = report(directory);
        assertThat(FETCHED.matcher(page).results().map(match -> match.group()).toList())
                .isEmpty();
        assertThat(page).doesNotContain("{{", "}}\n<").contains("default-src 'none'");
    }

    @Test
    void shouldShowARunWithoutAnEpoch() throws IOException {
        assertThat(report(open("new"))).contains("no epoch is finished", "running");
    }

    @Test
    void shouldEscapeWhatItShows() throws IOException {
        RunDirectory directory = open("a<b>&c");
        assertThat(report(directory)).contains("a&lt;b&gt;&amp;c").doesNotContain("a<b>");
    }

    @Test
    void shouldThinLongRunsAndKeepEachEpochsEnd() throws IOException {
        RunDirectory directory = open("long");
        SampleRun.record(directory, 3);
        RunHistory history = RunHistory.parse(Files.readString(parent.resolve("long/metrics.jsonl")), "");
        ReportCurves curves = ReportCurves.of(history, 100);
        assertThat(curves.x()).hasSizeBetween(90, 110);
        assertThat(curves.x()).extracting(x -> x == null ? -1 : x.doubleValue()).contains(1.0, 2.0, 3.0);
        assertThat(curves.validationError().stream().filter(v -> v != null)).hasSize(3);
    }

    private RunDirectory open(String name) {
        return RunDirectory.open(parent.resolve(name).toString(), new Configuration(), recipe);
    }

    private String report(RunDirectory directory) throws IOException {
        directory.writeReport();
        Path page = Path.of(directory.reportUri().replaceFirst("^file:", ""));
        return Files.readString(page);
    }
}
