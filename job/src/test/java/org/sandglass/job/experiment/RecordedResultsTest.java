package org.sandglass.job.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.job.report.RunFiles;

/** {@code conf/paper/RESULTS.md}: its tables and pictures are what a report makes of the data files beside it. */
class RecordedResultsTest {

    private static final Path KEPT = Path.of("../conf/paper/results");

    @TempDir
    private Path report;

    private String results;

    @BeforeEach
    void read() throws IOException {
        results = Files.readString(KEPT.resolveSibling("RESULTS.md"));
    }

    static List<String> experiments() throws IOException {
        return kept("*.json").stream().map(name -> name.replace(".json", "")).toList();
    }

    @ParameterizedTest
    @MethodSource("experiments")
    void shouldBeWhatTheDataSays(String experiment) throws IOException {
        ExperimentData data =
                ExperimentData.read(KEPT.resolve(experiment + ".json").toString(), new Configuration());
        ExperimentReport.write(data, new RunFiles(report.toString(), new Configuration()));

        assertThat(results).contains(Files.readString(report.resolve("table.md")));
        assertThat(kept(experiment + "-*.svg")).isNotEmpty().allSatisfy(picture -> {
            assertThat(results).contains("(results/" + picture + ")");
            assertThat(KEPT.resolve(picture))
                    .hasSameTextualContentAs(report.resolve(picture.substring(experiment.length() + 1)));
        });
    }

    private static List<String> kept(String glob) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(KEPT, glob)) {
            files.forEach(file -> names.add(file.getFileName().toString()));
        }
        return names;
    }
}
