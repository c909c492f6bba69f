package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.checkpoint.StoredFile;
import org.sandglass.job.failure.JobFailure;

class CheckpointCommitsTest {

    private static final String SHA256 = "ab".repeat(32);
    private static final StoredFile FILE = new StoredFile("model.safetensors", 8, SHA256);

    private final List<CheckpointManifest> committed = new CopyOnWriteArrayList<>();
    private final List<String> alive = new CopyOnWriteArrayList<>(List.of("7"));
    private @Nullable RuntimeException refusal;
    private final CheckpointCommits commits = new CheckpointCommits(
            checkpoint -> {
                if (refusal != null) {
                    throw refusal;
                }
                committed.add(checkpoint);
            },
            alive::contains);

    @AfterEach
    void close() {
        commits.close();
    }

    @Test
    void shouldHaveNothingToSettleAtFirst() {
        assertThat(commits.settle()).isEmpty();
        assertThat(commits.failed()).isFalse();
    }

    @Test
    void shouldCommitWhenTheFilesComeAfterTheLedger() {
        commits.expect(epoch(1), 4, "7");
        CompletableFuture<Optional<String>> settled = CompletableFuture.supplyAsync(commits::settle);
        Awaitility.await()
                .during(Duration.ofMillis(200))
                .atMost(Duration.ofSeconds(10))
                .until(() -> !settled.isDone());

        commits.written(written(1, 4, null));

        assertThat(settled).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(Optional.empty());
        assertThat(committed).containsExactly(epoch(1).withFiles(SHA256, List.of(FILE)));
    }

    @Test
    void shouldCommitWhenTheFilesComeFirst() {
        commits.written(written(1, 4, null));
        assertThat(committed).isEmpty();
        commits.expect(epoch(1), 4, "7");
        assertThat(commits.settle()).isEmpty();
        assertThat(committed).hasSize(1);
    }

    @Test
    void shouldIgnoreFilesOfAnotherAttempt() {
        commits.written(written(1, 3, null));
        commits.expect(epoch(1), 4, "7");
        commits.written(written(1, 2, null));
        alive.clear();
        assertThat(commits.settle())
                .hasValueSatisfying(problem -> assertThat(problem).contains("executor 7", "lost"));
        commits.written(written(1, 4, null));
        assertThat(commits.settle()).isPresent();
        assertThat(committed).isEmpty();
    }

    @Test
    void shouldNotGiveUpAWriterThatWasLostAfterItsWork() throws InterruptedException {
        CountDownLatch committing = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (CheckpointCommits slow = new CheckpointCommits(
                checkpoint -> {
                    committing.countDown();
                    Awaitility.await().until(() -> goOn.getCount() == 0);
                    committed.add(checkpoint);
                },
                executor -> false)) {
            slow.expect(epoch(1), 4, "7");
            slow.written(written(1, 4, null));
            committing.await();
            CompletableFuture<Optional<String>> settled = CompletableFuture.supplyAsync(slow::settle);
            goOn.countDown();
            assertThat(settled).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(Optional.empty());
        }
        assertThat(committed).hasSize(1);
    }

    @Test
    void shouldTellOnceThatFilesCouldNotBeWritten() {
        commits.expect(epoch(2), 4, "7");
        commits.written(written(2, 4, "disk full"));
        Awaitility.await().until(commits::failed);
        assertThat(commits.settle()).contains("disk full");
        // Who knows of it, and writes again, is not to be stopped again.
        assertThat(commits.failed()).isFalse();
        assertThat(commits.last()).contains(epoch(2));

        commits.expect(epoch(2), 5, "7");
        commits.written(written(2, 5, null));
        assertThat(commits.settle()).isEmpty();
        assertThat(committed).hasSize(1);
    }

    @Test
    void shouldPassOnAFailureOfTheCommit() {
        refusal = JobFailure.data("Cannot commit checkpoint");
        commits.expect(epoch(1), 4, "7");
        commits.written(written(1, 4, null));
        Awaitility.await().until(commits::failed);
        assertThatThrownBy(commits::settle).isSameAs(refusal);
    }

    private static WrittenCheckpoint written(int epoch, long attempt, @Nullable String problem) {
        return problem == null
                ? new WrittenCheckpoint(epoch, attempt, SHA256, List.of(FILE), null)
                : new WrittenCheckpoint(epoch, attempt, null, List.of(), problem);
    }

    private static CheckpointManifest epoch(int number) {
        return new CheckpointManifest(
                number,
                10L * number,
                "cifar-resnet8",
                10,
                List.of(),
                32,
                "",
                "",
                Map.of(),
                "2026-01-01T00:00:00Z",
                List.of());
    }
}
