package org.sandglass.job.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileSystemProbeTest {

    private static final Configuration HADOOP = new Configuration();

    @TempDir
    Path directory;

    @Test
    void shouldFindADirectoryThatBothCanWriteAndLeaveItEmpty() throws IOException {
        Path run = directory.resolve("run");
        try (FileSystemProbe driver = FileSystemProbe.mark(HADOOP, run.toString());
                FileSystemProbe executor = FileSystemProbe.of(HADOOP, driver.marker())) {
            assertThat(driver.problem()).isEmpty();
            assertThat(executor.problem()).isEmpty();
        }
        assertThat(run).isEmptyDirectory();
    }

    @Test
    void shouldSayThatTheDirectoryIsAnotherOneThere() throws IOException {
        try (FileSystemProbe driver =
                FileSystemProbe.mark(HADOOP, directory.resolve("here").toString())) {
            String elsewhere = driver.marker().replace("/here/", "/there/");
            try (FileSystemProbe executor = FileSystemProbe.of(HADOOP, elsewhere)) {
                assertThat(executor.problem())
                        .hasValueSatisfying(problem -> assertThat(problem).contains("not the same directory"));
            }
        }
    }

    @Test
    void shouldFailWhereNothingCanBeWritten() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertThatThrownBy(
                        () -> FileSystemProbe.mark(HADOOP, file.resolve("run").toString()))
                .isInstanceOf(IOException.class);
    }
}
