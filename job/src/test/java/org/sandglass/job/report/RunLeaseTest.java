package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.hadoop.conf.Configuration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.failure.JobFailure;

class RunLeaseTest {

    private static final Duration PERIOD = Duration.ofMillis(300);

    private final Path directory;
    private final RunFiles files;

    RunLeaseTest(@TempDir Path directory) {
        this.directory = directory;
        this.files = new RunFiles(directory.toString(), new Configuration());
    }

    @BeforeEach
    void shouldBeFreeAtFirst() {
        assertThat(directory.resolve(".lease")).doesNotExist();
    }

    @Test
    void shouldRefuseASecondDriver() {
        try (RunLease first = RunLease.acquire(files, PERIOD)) {
            assertThatThrownBy(() -> RunLease.acquire(files, PERIOD))
                    .isInstanceOf(JobFailure.class)
                    .hasMessageContaining("process " + ProcessHandle.current().pid())
                    .hasMessageContaining("is at work on it");
            first.requireHeld();
        }
    }

    @Test
    void shouldBeFreeWhenItIsClosed() {
        RunLease.acquire(files, PERIOD).close();
        RunLease.acquire(files, PERIOD).close();
        assertThat(directory.resolve(".lease")).doesNotExist();
    }

    @Test
    void shouldTakeOverFromAProcessThatIsGoneAtOnce() throws IOException {
        write(new RunLease.Holder("t", RunLease.Holder.here().host(), Long.MAX_VALUE, "", 3));
        RunLease.acquire(files, Duration.ofMinutes(1)).close();
    }

    @Test
    void shouldTakeOverFromAnotherHostThatRenewsNoMore() throws IOException {
        write(new RunLease.Holder("t", "elsewhere.invalid", 1, "", 3));
        RunLease.acquire(files, PERIOD).close();
    }

    @Test
    void shouldTellAHolderThatItWasTakenOver() throws IOException {
        try (RunLease frozen = RunLease.acquire(files, PERIOD)) {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
                write(new RunLease.Holder("other", "elsewhere.invalid", 1, "", 0));
                return !frozen.isHeld();
            });
            assertThatThrownBy(frozen::requireHeld)
                    .isInstanceOf(JobFailure.class)
                    .hasMessageContaining("taken over");
        }
        assertThat(directory.resolve(".lease")).exists();
    }

    private void write(RunLease.Holder holder) throws IOException {
        Files.writeString(directory.resolve(".lease"), JsonLines.pretty(holder));
    }
}
