package org.sandglass.job.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

class CheckpointStoreTest {

    private final Path directory;
    private final Configuration hadoop = RecordingFileSystem.configuration();
    private final List<String> warnings = new ArrayList<>();

    CheckpointStoreTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeEach
    void revive() {
        RecordingFileSystem.reset(Integer.MAX_VALUE);
    }

    @Test
    void shouldReadWhatWasCommitted() {
        CheckpointManifest manifest = Checkpoints.save(store(), 3);

        assertThat(store().newest()).contains(manifest);
        CheckpointContents contents = store().read(manifest);
        assertThat(contents.model().values()).containsExactlyInAnyOrderElementsOf(Checkpoints.model(3));
        assertThat(contents.optimizer().values()).containsExactlyInAnyOrderElementsOf(Checkpoints.optimizer(3));
        assertThat(directory.resolve("00003/model.safetensors")).isRegularFile();
        assertThat(warnings).isEmpty();
    }

    @Test
    void shouldHoldNothingBeforeTheFirstCommit() {
        assertThat(store().newest()).isEmpty();
        store().writeFiles(1, Checkpoints.model(1), Checkpoints.optimizer(1));
        assertThat(store().newest()).isEmpty();
    }

    @Test
    void shouldOrderByNumberEvenBeyondFiveDigits() {
        Checkpoints.save(store(), 99_999);
        Checkpoints.save(store(), 100_000);

        assertThat(store().newest().orElseThrow().epoch()).isEqualTo(100_000);
    }

    @Test
    void shouldWriteSequentiallyWithTheManifestLastAndRenameNothing() {
        RecordingFileSystem.reset(Integer.MAX_VALUE);
        Checkpoints.save(store(), 1);

        List<String> operations = RecordingFileSystem.OPERATIONS;
        assertThat(operations).noneMatch(operation -> operation.startsWith("rename"));
        assertThat(operations.stream().filter(operation -> operation.startsWith("create")))
                .containsExactly(
                        "create 00001/model.safetensors",
                        "create 00001/optimizer.safetensors",
                        "create 00001/manifest.json");
        assertThat(operations.get(operations.size() - 1)).isEqualTo("write 00001/manifest.json");
    }

    @Test
    void shouldNeitherLoadACheckpointCutAtAnyByteNorHideTheOneBefore() throws IOException {
        Checkpoints.save(store(), 1);
        Checkpoints.save(store(), 2);
        for (Path file : filesOf("00002")) {
            byte[] whole = Files.readAllBytes(file);
            for (int length = 0; length < whole.length; length++) {
                Files.write(file, Arrays.copyOf(whole, length));
                warnings.clear();
                assertThat(epochOf(store().newest()))
                        .as("%s cut to %s bytes", file.getFileName(), length)
                        .isEqualTo(1);
                assertThat(warnings).singleElement().asString().contains("00002: " + file.getFileName());
            }
            Files.write(file, whole);
        }
        assertThat(epochOf(store().newest())).isEqualTo(2);
    }

    @Test
    void shouldNoticeEveryAlteredByte() throws IOException {
        Checkpoints.save(store(), 1);
        Checkpoints.save(store(), 2);
        for (Path file : filesOf("00002")) {
            byte[] whole = Files.readAllBytes(file);
            for (int i = 0; i < whole.length; i++) {
                byte[] altered = whole.clone();
                altered[i] ^= 1;
                Files.write(file, altered);
                assertThat(epochOf(store().newest()))
                        .as("%s altered at byte %s", file.getFileName(), i)
                        .isEqualTo(1);
            }
            Files.write(file, whole);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "optimizer.safetensors"})
    void shouldPassOverACheckpointWithAMissingFile(String name) throws IOException {
        Checkpoints.save(store(), 1);
        CheckpointManifest damaged = Checkpoints.save(store(), 2);
        Files.delete(directory.resolve("00002").resolve(name));

        assertThat(epochOf(store().newest())).isEqualTo(1);
        assertThat(warnings).singleElement().asString().contains(name + " is missing");
        assertThatThrownBy(() -> store().read(damaged))
                .isInstanceOfSatisfying(JobFailure.class, failure -> assertThat(failure.exitCode())
                        .isEqualTo(ExitCode.DATA))
                .hasMessageContaining(name + " is missing");
    }

    @Test
    void shouldNotTakeADirectoryForAnotherEpoch() throws IOException {
        Checkpoints.save(store(), 1);
        Files.createDirectory(directory.resolve("00002"));
        for (Path file : filesOf("00001")) {
            Files.copy(file, directory.resolve("00002").resolve(file.getFileName()));
        }

        assertThat(epochOf(store().newest())).isEqualTo(1);
        assertThat(warnings).singleElement().asString().contains("of epoch 1");
    }

    @Test
    void shouldRefuseToCommitFilesThatAreNotThere() {
        List<StoredFile> files = store().writeFiles(1, Checkpoints.model(1), Checkpoints.optimizer(1));
        StoredFile longer = new StoredFile(
                files.get(0).name(), files.get(0).length() + 1, files.get(0).sha256());

        assertThatThrownBy(() -> store().commit(Checkpoints.manifest(1, List.of(longer, files.get(1)))))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("Cannot commit checkpoint")
                .hasMessageContaining("model.safetensors has");
        assertThatThrownBy(() -> store().commit(Checkpoints.manifest(2, files)))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("model.safetensors is missing");
        assertThat(store().newest()).isEmpty();
    }

    @Test
    void shouldReplaceTheLeftoverOfAKilledAttempt() throws IOException {
        store().writeFiles(1, Checkpoints.model(7), Checkpoints.optimizer(7));
        Files.writeString(directory.resolve("00001/stray"), "left over");

        CheckpointManifest manifest = Checkpoints.save(store(), 1);

        assertThat(directory.resolve("00001/stray")).doesNotExist();
        assertThat(store().read(manifest).model().values()).containsExactlyInAnyOrderElementsOf(Checkpoints.model(1));
    }

    @Test
    void shouldLeaveAloneWhatAnotherWriterWrote() {
        CheckpointManifest manifest = Checkpoints.save(store(), 1);

        assertThatThrownBy(() -> store().writeFiles(1, Checkpoints.model(7), Checkpoints.optimizer(7)))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("Cannot write checkpoint");
        assertThat(store().newest()).contains(manifest);
    }

    @Test
    void shouldReplaceADamagedCheckpoint() throws IOException {
        Checkpoints.save(store(), 1);
        Files.delete(directory.resolve("00001/model.safetensors"));

        CheckpointManifest manifest = Checkpoints.save(store(), 1);

        assertThat(store().newest()).contains(manifest);
    }

    @Test
    void shouldKeepTheNewestAndThenEveryNth() throws IOException {
        for (int epoch = 1; epoch <= 8; epoch++) {
            Checkpoints.save(store(), epoch);
        }
        store().retain(3, 3);
        assertThat(directories()).containsExactly("00003", "00006", "00008");
        store().retain(1, 1);
        assertThat(directories()).containsExactly("00008");
        store().retain(3, 5);
        assertThat(directories()).containsExactly("00008");
    }

    @Test
    void shouldDeleteTheManifestFirst() {
        Checkpoints.save(store(), 1);
        Checkpoints.save(store(), 2);
        RecordingFileSystem.reset(Integer.MAX_VALUE);

        store().retain(1, 1);

        assertThat(RecordingFileSystem.OPERATIONS)
                .hasSize(2)
                .startsWith("delete 00001/manifest.json")
                .last()
                .asString()
                .endsWith("/00001");
    }

    @Test
    void shouldNotDeleteTheNewestGoodOneWhenNewerOnesAreDamaged() throws IOException {
        for (int epoch = 1; epoch <= 4; epoch++) {
            Checkpoints.save(store(), epoch);
        }
        flip(directory.resolve("00004/model.safetensors"));
        Files.delete(directory.resolve("00003/manifest.json"));

        store().retain(1, 1);

        assertThat(epochOf(store().newest())).isEqualTo(2);
        assertThat(directories()).contains("00002").doesNotContain("00001");
    }

    @Test
    void shouldDeleteNothingWithoutAGoodCheckpoint() throws IOException {
        Checkpoints.save(store(), 1);
        Checkpoints.save(store(), 2);
        flip(directory.resolve("00001/model.safetensors"));
        flip(directory.resolve("00002/manifest.json"));

        store().retain(1, 1);

        assertThat(directories()).containsExactly("00001", "00002");
    }

    @Test
    void shouldHaveTheNewestCommittedCheckpointWheneverItIsKilled() {
        int killed = 0;
        for (int operations = 0; ; operations++) {
            CheckpointStore store = new CheckpointStore(
                    hadoop, directory.resolve("run" + operations).toString());
            RecordingFileSystem.reset(operations);
            int committed = 0;
            try {
                for (int epoch = 1; epoch <= 3; epoch++) {
                    Checkpoints.save(store, epoch);
                    committed = epoch;
                    store.retain(1, 1);
                }
            } catch (JobFailure e) {
                assertThat(e).hasMessageContaining("killed");
                killed++;
            }
            RecordingFileSystem.reset(Integer.MAX_VALUE);
            assertThat(epochOf(store.newest()))
                    .as("killed after %s operations", operations)
                    .isEqualTo(committed);
            Checkpoints.save(store, committed + 1);
            store.retain(1, 1);
            CheckpointManifest newest = store.newest().orElseThrow();
            assertThat(newest.epoch()).isEqualTo(committed + 1);
            assertThat(store.read(newest).model().values())
                    .containsExactlyInAnyOrderElementsOf(Checkpoints.model(committed + 1));
            if (committed == 3) {
                break;
            }
        }
        assertThat(killed).isGreaterThan(20);
    }

    @Test
    void shouldWorkOnAFileSystemThatKeepsChecksumsOfItsOwn() throws IOException {
        CheckpointStore checked =
                new CheckpointStore(new Configuration(), directory.toUri().toString(), warnings::add);
        Checkpoints.save(checked, 1);
        Checkpoints.save(checked, 2);
        assertThat(epochOf(checked.newest())).isEqualTo(2);
        flip(directory.resolve("00002/model.safetensors"));

        assertThat(epochOf(checked.newest())).isEqualTo(1);
    }

    private CheckpointStore store() {
        return new CheckpointStore(hadoop, directory.toUri().toString(), warnings::add);
    }

    private static int epochOf(Optional<CheckpointManifest> manifest) {
        return manifest.map(CheckpointManifest::epoch).orElse(0);
    }

    private List<Path> filesOf(String checkpoint) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve(checkpoint))) {
            return files.sorted().toList();
        }
    }

    private List<String> directories() throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.map(child -> child.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    private static void flip(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
    }
}
