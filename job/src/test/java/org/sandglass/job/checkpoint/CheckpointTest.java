package org.sandglass.job.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

class CheckpointTest {

    private final Path run;
    private final Configuration hadoop = RecordingFileSystem.configuration();

    CheckpointTest(@TempDir Path run) {
        this.run = run;
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "checkpoints", "checkpoints/00002"})
    void shouldOpenARunItsCheckpointsOrOneCheckpoint(String within) {
        save(1);
        save(2);

        Checkpoint checkpoint = open(run.resolve(within).toString());

        assertThat(checkpoint.manifest().epoch()).isEqualTo(2);
        assertThat(checkpoint.uri()).startsWith("file:").endsWith("/checkpoints/00002");
        assertThat(checkpoint.readModel().values()).containsExactlyInAnyOrderElementsOf(Checkpoints.model(2));
    }

    @Test
    void shouldOpenACheckpointUnderAnotherName() throws IOException {
        save(2);
        Files.move(run.resolve("checkpoints/00002"), run.resolve("best"));

        assertThat(open(run.resolve("best").toString()).manifest().epoch()).isEqualTo(2);
    }

    @Test
    void shouldTakeTheOneBeforeADamagedOneOfARun() throws IOException {
        save(1);
        save(2);
        Files.delete(run.resolve("checkpoints/00002/model.safetensors"));

        assertThat(open(run.toString()).manifest().epoch()).isEqualTo(1);
    }

    @Test
    void shouldSayWhatIsWrong() throws IOException {
        assertRefused(run.resolve("absent").toString(), "it does not exist");
        assertRefused(run.toString(), "there is no checkpoint here");
        assertRefused("nowhere://x/y", "nowhere");
        assertRefused("", "not a path or URI");

        save(1);
        Path checkpoint = run.resolve("checkpoints/00001");
        assertRefused(checkpoint.resolve("manifest.json").toString(), "it is a file");
        Files.delete(checkpoint.resolve("optimizer.safetensors"));
        assertRefused(checkpoint.toString(), "optimizer.safetensors is missing");
        assertRefused(run.toString(), "00001: optimizer.safetensors is missing");
        Files.writeString(checkpoint.resolve("manifest.json"), "{ \"epoch\" : 1,");
        assertRefused(checkpoint.toString(), "manifest.json is not a whole manifest: it is cut short");
        Files.delete(checkpoint.resolve("manifest.json"));
        assertRefused(checkpoint.toString(), "left over from a run that was killed");
    }

    private void save(int epoch) {
        Checkpoints.save(new CheckpointStore(hadoop, run.resolve("checkpoints").toString()), epoch);
    }

    private Checkpoint open(String uri) {
        return CheckpointStore.open(hadoop, uri);
    }

    private void assertRefused(String uri, String reason) {
        assertThatThrownBy(() -> open(uri))
                .isInstanceOfSatisfying(JobFailure.class, failure -> assertThat(failure.exitCode())
                        .isEqualTo(ExitCode.DATA))
                .hasMessageContaining("Cannot open checkpoint")
                .hasMessageContaining(reason);
    }
}
