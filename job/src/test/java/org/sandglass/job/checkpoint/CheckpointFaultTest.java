package org.sandglass.job.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.failure.JobFailure;

/** Every call to the file system fails once. */
class CheckpointFaultTest {

    private final Path directory;
    private final Configuration hadoop = FaultyFileSystem.configuration();

    CheckpointFaultTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @AfterEach
    void mend() {
        FaultyFileSystem.failAt(Integer.MAX_VALUE);
    }

    @Test
    void shouldNeverLoadACheckpointWhoseWriteFailedNorLoseTheOneBefore() {
        int failures = 0;
        for (int call = 0; ; call++) {
            String uri = directory.resolve("run" + call).toString();
            FaultyFileSystem.failAt(call);
            int committed = 0;
            while (committed < 2) {
                CheckpointStore store = new CheckpointStore(hadoop, uri);
                try {
                    Checkpoints.save(store, committed + 1);
                    committed++;
                    store.retain(1, 1);
                } catch (JobFailure e) {
                    failures++;
                    assertThat(e).hasMessageContaining("injected");
                    assertThat(newestEpoch(uri)).as("after %s", e.getMessage()).isEqualTo(committed);
                }
            }
            boolean failed = FaultyFileSystem.hasFailed();
            mend();
            assertThat(newestEpoch(uri)).isEqualTo(2);
            if (!failed) {
                break;
            }
        }
        assertThat(failures).isGreaterThan(30);
    }

    @Test
    void shouldNeverLoadASnapshotWhoseWriteFailedNorLoseTheOneBefore() {
        int failures = 0;
        for (int call = 0; ; call++) {
            String uri = directory.resolve("run" + call).toString();
            FaultyFileSystem.failAt(call);
            SnapshotStore store = new SnapshotStore(hadoop, uri);
            long written = 0;
            for (int iteration = 10; iteration <= 30; iteration += 10) {
                try {
                    Checkpoints.saveSnapshot(store, iteration);
                    written = iteration;
                } catch (IOException e) {
                    failures++;
                    assertThat(newestIteration(store)).as("after %s", e).isEqualTo(written);
                }
            }
            boolean failed = FaultyFileSystem.hasFailed();
            mend();
            assertThat(newestIteration(store)).isEqualTo(written);
            if (!failed) {
                break;
            }
        }
        assertThat(failures).isGreaterThan(30);
    }

    @Test
    void shouldReadNothingButTheTruthWhenReadingFails() {
        String uri = directory.toString();
        CheckpointStore store = new CheckpointStore(hadoop, uri);
        Checkpoints.save(store, 1);
        Checkpoints.save(store, 2);
        List<Integer> found = new ArrayList<>();
        int call = 0;
        do {
            FaultyFileSystem.failAt(call++);
            try {
                CheckpointManifest newest = store.newest().orElseThrow();
                found.add(newest.epoch());
                assertThat(store.read(newest).model().values())
                        .containsExactlyInAnyOrderElementsOf(Checkpoints.model(newest.epoch()));
            } catch (JobFailure e) {
                assertThat(e).hasMessageContaining("injected");
            }
        } while (FaultyFileSystem.hasFailed());
        assertThat(found).contains(1, 2).doesNotContain(0);
    }

    @Test
    void shouldPassOverASnapshotCutAtAnyByte() throws IOException {
        SnapshotStore store = new SnapshotStore(hadoop, directory.toString());
        Checkpoints.saveSnapshot(store, 10);
        Checkpoints.saveSnapshot(store, 20);
        try (Stream<Path> files = Files.list(directory.resolve("000000020-run-1"))) {
            for (Path file : files.toList()) {
                byte[] whole = Files.readAllBytes(file);
                for (int length = 0; length < whole.length; length++) {
                    Files.write(file, Arrays.copyOf(whole, length));
                    assertThat(newestIteration(store))
                            .as("%s cut to %s bytes", file, length)
                            .isEqualTo(10);
                }
                Files.write(file, whole);
            }
        }
        assertThat(newestIteration(store)).isEqualTo(20);
    }

    @Test
    void shouldFindTheNewestSnapshotWithinLimitsAndKeepTwo() throws IOException {
        SnapshotStore store = new SnapshotStore(hadoop, directory.toString());
        for (int iteration = 10; iteration <= 40; iteration += 10) {
            Checkpoints.saveSnapshot(store, iteration);
        }

        assertThat(names()).containsExactly("000000030-run-1", "000000040-run-1");
        assertThat(store.newest(31, 39)).isEmpty();
        Checkpoint snapshot = store.newest(1, 39).orElseThrow();
        assertThat(snapshot.manifest().iteration()).isEqualTo(30);
        assertThat(snapshot.isSnapshot()).isTrue();
        assertThat(snapshot.progress()).isEqualTo("{\"at\":30}");
        assertThat(snapshot.read().optimizer().values()).containsExactlyInAnyOrderElementsOf(Checkpoints.optimizer(30));
        store.deleteUpTo(30);
        assertThat(names()).containsExactly("000000040-run-1");
    }

    private int newestEpoch(String uri) {
        return new CheckpointStore(hadoop, uri)
                .newest()
                .map(CheckpointManifest::epoch)
                .orElse(0);
    }

    private static long newestIteration(SnapshotStore store) {
        return store.newest(1, 1000)
                .map(snapshot -> snapshot.manifest().iteration())
                .orElse(0L);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.map(child -> child.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }
}
