package org.sandglass.job.train;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's side of a checkpoint that an executor writes while training goes on: commits it, on a thread of its own, once
 * the ledger is known to be exact and the files are known to be there, whichever comes first. One at a time.
 *
 * <p>Thread-safe: of files it is told by Spark's thread.
 */
final class CheckpointCommits implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CheckpointCommits.class);
    private static final long POLL_MILLIS = 20;

    private final Consumer<CheckpointManifest> commit;
    private final Predicate<String> alive;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(runnable -> {
        Thread made = new Thread(runnable, "sandglass-commit");
        made.setDaemon(true);
        return made;
    });

    private @Nullable CheckpointManifest expected;
    private long attempt;
    private String writer = "";
    private boolean arrived;
    private boolean told;
    private @Nullable WrittenCheckpoint early;
    private CompletableFuture<Optional<String>> outcome = CompletableFuture.completedFuture(Optional.empty());

    /**
     * @param commit makes a checkpoint of files; called by one thread
     * @param alive whether the executor of this id is there
     */
    CheckpointCommits(Consumer<CheckpointManifest> commit, Predicate<String> alive) {
        this.commit = commit;
        this.alive = alive;
    }

    /**
     * From now on the checkpoint may be committed, when its files are there; the one before must be {@linkplain #settle
     * settled}.
     *
     * @param checkpoint all about it but its files and their checksum
     * @param stage the number of the stage that it comes from
     * @param executor which writes it
     */
    synchronized void expect(CheckpointManifest checkpoint, long stage, String executor) {
        expected = checkpoint;
        attempt = stage;
        writer = executor;
        arrived = false;
        told = false;
        outcome = new CompletableFuture<>();
        if (early != null) {
            written(early);
        }
    }

    /** The files are there, or will not be. */
    synchronized void written(WrittenCheckpoint files) {
        CheckpointManifest manifest = expected;
        if (manifest == null || manifest.epoch() != files.epoch() || attempt != files.attempt()) {
            if (early == null || files.attempt() >= early.attempt()) {
                early = files;
            }
            return;
        }
        if (arrived || outcome.isDone()) {
            return;
        }
        arrived = true;
        CompletableFuture<Optional<String>> result = outcome;
        thread.execute(() -> {
            try {
                if (files.problem() == null) {
                    commit.accept(manifest.withFiles(String.valueOf(files.weightsSha256()), files.files()));
                }
                result.complete(Optional.ofNullable(files.problem()));
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
    }

    /** Whether {@link #settle} has something to tell that it has not told before. */
    synchronized boolean failed() {
        return !told && hasProblem();
    }

    private boolean hasProblem() {
        return outcome.isCompletedExceptionally()
                || (outcome.isDone() && outcome.join().isPresent());
    }

    /**
     * Waits until the expected checkpoint is committed, or cannot be.
     *
     * @return why it could not be written; empty if it is committed, or none is expected
     * @throws JobFailure if the commit failed
     */
    Optional<String> settle() {
        while (!isSettled()) {
            pause();
        }
        try {
            return outcome().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof JobFailure failure ? failure : e;
        }
    }

    /** The same for a run that ends with an error, and must not end with another one. */
    void settleOrWarn() {
        try {
            settle().ifPresent(problem -> LOG.warn("The last checkpoint was not written: {}", problem));
        } catch (RuntimeException e) {
            LOG.warn("The last checkpoint was not committed", e);
        }
    }

    /** Whether its outcome is known; nothing more is expected of a writer that is gone. */
    private synchronized boolean isSettled() {
        if (!arrived && !outcome.isDone() && !alive.test(writer)) {
            outcome.complete(Optional.of("executor " + writer + ", which was writing it, was lost"));
        }
        return outcome.isDone();
    }

    private synchronized CompletableFuture<Optional<String>> outcome() {
        told = hasProblem();
        return outcome;
    }

    /** The checkpoint that is expected, or was the last one. */
    synchronized Optional<CheckpointManifest> last() {
        return Optional.ofNullable(expected);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new JobFailure(ExitCode.OTHER, "Interrupted while waiting for a checkpoint", e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
