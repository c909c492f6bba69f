package org.sandglass.job.train;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.checkpoint.Checkpoint;
import org.sandglass.job.checkpoint.CheckpointManifest;
import org.sandglass.job.checkpoint.CheckpointStore;
import org.sandglass.job.checkpoint.SnapshotStore;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.LedgerEntry;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.EpochMetrics;
import org.sandglass.job.report.Progress;
import org.sandglass.job.report.RestartRecord;
import org.sandglass.job.report.RunDirectory;
import org.sandglass.job.report.RunLease;
import org.sandglass.job.report.Summary;
import org.sandglass.job.report.ValidationMetrics;
import org.sandglass.ops.optim.LearningRate;

/**
 * The driver's side of a run: epoch after epoch, each one a barrier stage, audited, committed and evaluated.
 *
 * <p>An epoch counts once its checkpoint is committed, which happens after its ledger was found exact, while the next one is
 * trained already. The same request again goes on after the newest snapshot within the epoch that comes after the newest
 * committed checkpoint; so does this one if the state after an epoch is lost before it is written. Used by one thread.
 */
public final class Training {

    private static final long NO_STAGE = -1;

    private final Recipe recipe;
    private final SampleTable table;
    private final @Nullable SampleTable validation;
    private final RunDirectory run;
    private final CheckpointStore checkpoints;
    private final SnapshotStore snapshots;
    private final Gang gang;
    private final EpochStages stages;
    private final Progress progress;
    private final RunFacts facts;
    private final Restarts restarts;
    private final RunLease lease;
    private final CheckpointCommits commits;
    private final AtomicLong newestAttempt = new AtomicLong();

    /** The state after an epoch is neither stored nor in any executor's memory. */
    private static final class StateGone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StateGone(int epoch) {
            super("the state after epoch " + epoch + " is lost");
        }
    }

    /** The gang, which is mended together with the exchange that it reads. */
    private final class Mending implements Restarts.Width {
        private final JavaSparkContext spark;
        private Optional<ExchangeRepair> repair = Optional.empty();
        private int repairs;

        Mending(JavaSparkContext spark) {
            this.spark = spark;
        }

        @Override
        public int tasks() {
            return gang.tasks();
        }

        @Override
        public void lost() {
            repair = stages.currentExchange()
                    .map(exchange -> ExchangeRepair.start(spark, exchange, "repair-" + repairs++));
        }

        @Override
        public void regroup() {
            int before = gang.tasks();
            try {
                gang.regroup();
            } finally {
                boolean same = gang.tasks() == before;
                repair.ifPresent(repairing -> {
                    if (same) {
                        repairing.finish(gang);
                    } else {
                        repairing.cancel(gang);
                    }
                });
            }
        }
    }

    private Training(SparkSession session, TrainRequest request, Progress progress, Runnable preflight) {
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        this.recipe = request.recipe();
        this.table = SampleTable.open(session, request.data());
        String validationUri = request.validation();
        this.validation = validationUri == null
                ? null
                : SampleTable.open(session, validationUri)
                        .withClasses(table.classes(), table.classNames().orElse(List.of()));
        this.gang = Gang.forTraining(spark, recipe, table.classes());
        this.run = RunDirectory.open(request.run(), spark.hadoopConfiguration(), recipe);
        this.checkpoints = new CheckpointStore(spark.hadoopConfiguration(), run.checkpointsUri());
        this.snapshots = new SnapshotStore(spark.hadoopConfiguration(), run.snapshotsUri());
        preflight.run();
        this.stages = new EpochStages(spark, table, recipe, gang);
        this.progress = progress;
        this.facts = new RunFacts(recipe, table, spark.version());
        this.restarts = new Restarts(recipe.failure(), new Mending(spark), progress, this::recordRestart);
        this.lease = RunLease.acquire(run.uri(), spark.hadoopConfiguration());
        this.commits = new CheckpointCommits(
                this::commit,
                executor -> ExecutorSlots.has(executor) && !spark.sc().isStopped());
        gang.cancelWhen(commits::failed);
    }

    /**
     * Trains, or goes on training, what the request says.
     *
     * @param preflight run once, when table and run directory have been found usable; refuses a cluster by throwing
     * @throws JobFailure with the exit code that says what is wrong
     */
    public static Summary run(SparkSession session, TrainRequest request, Progress progress, Runnable preflight) {
        Training training = new Training(session, request, progress, preflight);
        try {
            return training.run();
        } catch (JobFailure e) {
            training.commits.settleOrWarn();
            training.writeSummary(
                    e.exitCode() == ExitCode.DIVERGED ? Summary.Status.DIVERGED : Summary.Status.FAILED,
                    e.getMessage());
            throw e;
        } catch (RuntimeException e) {
            training.commits.settleOrWarn();
            training.writeSummary(Summary.Status.FAILED, e.toString());
            throw e;
        } finally {
            training.commits.close();
            try {
                training.stages.close();
            } finally {
                training.lease.close();
            }
        }
    }

    private Summary run() {
        run.recordRestart(RestartRecord.Kind.DRIVER, "the run", "");
        int completed = resume();
        facts.goOnAfter(run.epochs());
        begin(completed);
        while (true) {
            try {
                finish(completed);
                return writeSummary(Summary.Status.FINISHED, null);
            } catch (StateGone e) {
                completed = resume();
                recordRestart("the run from the end of epoch " + completed, String.valueOf(e.getMessage()));
                progress.note("Going back to the end of epoch " + completed + ": " + e.getMessage());
            }
        }
    }

    private void recordRestart(String what, String why) {
        // A driver that was frozen while another one took over must leave the other's files alone.
        lease.requireHeld();
        run.recordRestart(RestartRecord.Kind.STAGE, what, why);
    }

    /** How many epochs are completed; forgets what was recorded of others. */
    private int resume() {
        Optional<CheckpointManifest> newest = checkpoints.newest();
        newest.ifPresent(manifest -> refuseOtherData(manifest, used(manifest)));
        int completed = newest.map(CheckpointManifest::epoch).orElse(0);
        run.keepEpochs(completed);
        newest.ifPresent(manifest -> facts.weights(manifest.weightsSha256()));
        newestSnapshot(completed)
                .map(Checkpoint::manifest)
                .ifPresent(manifest -> refuseOtherData(manifest, number(manifest, "tableSamples")));
        return completed;
    }

    private void finish(int from) {
        int completed = from;
        evaluateIfMissing(completed);
        while (completed < recipe.training().epochs()) {
            trainEpoch(completed);
            completed++;
            evaluateIfMissing(completed);
            progress.epoch(lastEpoch());
            run.writeReport();
        }
        restarts.run("write the last checkpoint", () -> {
            settle();
            return true;
        });
    }

    private void begin(int completed) {
        EpochPlan first = stages.plan(0);
        long done = newestSnapshot(completed)
                .map(checkpoint -> checkpoint.manifest().iteration())
                .orElse(completed * first.iterations());
        progress.begin(recipe.training().epochs(), first.iterations(), done, first.globalBatchSize());
        progress.note(table.samples() + " images of " + table.classes() + " classes; "
                + recipe.training().workers()
                + " workers × " + recipe.training().perWorkerBatchSize() + " images on " + gang.tasks() + " tasks"
                + (done > 0 ? "; going on after epoch " + completed : ""));
        stages.warning().ifPresent(progress::note);
        ProgressPlugin.listen(
                message -> {
                    if (newestAttempt.accumulateAndGet(message.attempt(), Math::max) == message.attempt()
                            && lease.isHeld()) {
                        run.recordRunning(message.logged());
                    }
                    long iteration = (message.epoch() - 1) * first.iterations() + message.iteration();
                    restarts.reached(iteration);
                    progress.iteration(message.epoch(), iteration, message.loss(), message.imagesPerSecond());
                },
                progress::note,
                commits::written);
    }

    private void trainEpoch(int completed) {
        long started = System.nanoTime();
        EpochPlan plan = stages.plan(completed);
        double earlierSeconds = newestSnapshot(completed)
                .map(snapshot -> EpochProgress.fromJson(snapshot.progress()).seconds())
                .orElse(0.0);
        gang.widen();
        List<TaskOutcome> outcomes = again("train epoch " + (completed + 1), () -> {
            lease.requireHeld();
            checkpoints.clear(completed + 1);
            return stages.train(plan, sourceWithin(completed), run.checkpointsUri(), run.snapshotsUri());
        });
        double seconds = earlierSeconds + (System.nanoTime() - started) / 1e9;
        lease.requireHeld();
        refuseDivergence(outcomes.get(0));
        refuseDifferentReplicas(outcomes, completed + 1);
        refuseNothing(outcomes.get(0), completed + 1);
        LedgerEntry ledger = LedgerEntry.of(
                completed + 1, outcomes.stream().map(TaskOutcome::audit).toList(), table.samples());
        EpochMetrics metrics = metrics(completed + 1, plan, outcomes, seconds);
        run.record(outcomes.get(0).iterations(), metrics, ledger);
        if (!ledger.exact() && recipe.pitfall().ownShuffles()) {
            // What was asked for, and the ledger has it in writing.
            facts.ledgerViolation();
        } else if (!ledger.exact()) {
            facts.ledgerViolation();
            throw JobFailure.data("Epoch " + (completed + 1) + " did not use every sample exactly once: "
                    + ledger.verdict() + "; the run stops, see ledger.jsonl");
        }
        commits.settle()
                .ifPresent(problem -> progress.note("The checkpoint of epoch " + completed
                        + " is left out, that of epoch " + (completed + 1) + " will do: " + problem));
        expect(plan, outcomes.get(0), ledger);
        stages.forgetExchange();
    }

    /** Runs a stage; before it is submitted again, the checkpoint that is being written is there, or is written again. */
    private <T> T again(String what, Restarts.Attempt<T> attempt) {
        AtomicBoolean submitted = new AtomicBoolean();
        return restarts.run(what, () -> {
            if (submitted.getAndSet(true) || commits.failed()) {
                settle();
            }
            return attempt.run();
        });
    }

    private void settle() throws Gang.Lost {
        Optional<String> problem = commits.settle();
        if (problem.isEmpty()) {
            return;
        }
        CheckpointManifest checkpoint = commits.last().orElseThrow();
        int epoch = checkpoint.epoch();
        progress.note("Writing the checkpoint of epoch " + epoch + " again: " + problem.get());
        lease.requireHeld();
        checkpoints.clear(epoch);
        TaskOutcome first = stages.writeCheckpoint(epoch, run.checkpointsUri()).get(0);
        if (first.files().isEmpty()) {
            throw new StateGone(epoch);
        }
        commitNow(checkpoint, first);
    }

    /** Commits what is written already. */
    private void commitNow(CheckpointManifest checkpoint, TaskOutcome first) {
        commits.expect(checkpoint, NO_STAGE, "");
        commits.written(
                new WrittenCheckpoint(checkpoint.epoch(), NO_STAGE, first.weightsSha256(), first.files(), null));
        commits.settle();
    }

    /** The states that the epoch after {@code completed} epochs may start from: that at its beginning, or a snapshot. */
    private StateSource sourceWithin(int completed) {
        long first = completed * stages.plan(completed).iterations();
        long last = first + stages.plan(completed).iterations() - 1;
        return newestSnapshot(completed)
                .map(snapshot ->
                        new StateSource(first, last, snapshot.manifest().iteration(), snapshot.uri()))
                .orElseGet(() -> new StateSource(first, last, first, stateAt(completed)));
    }

    private Optional<Checkpoint> newestSnapshot(int completed) {
        long iterations = stages.plan(completed).iterations();
        return snapshots.newest(completed * iterations + 1, (completed + 1) * iterations - 1);
    }

    private void expect(EpochPlan plan, TaskOutcome first, LedgerEntry ledger) {
        int completed = plan.epoch() + 1;
        CheckpointManifest checkpoint = new CheckpointManifest(
                completed,
                completed * plan.iterations(),
                recipe.model().name(),
                table.classes(),
                table.classNames().orElse(List.of()),
                recipe.augmentation().size(),
                recipe.render(),
                "",
                new ObjectMapper().convertValue(ledger, new TypeReference<Map<String, Object>>() {}),
                Instant.now().toString(),
                List.of());
        TaskOutcome.Writer writer = first.writer();
        if (writer == null) {
            commitNow(checkpoint, first);
        } else {
            commits.expect(checkpoint, writer.attempt(), writer.executor());
        }
    }

    /** Makes a checkpoint of files, on the thread of {@link #commits}. */
    private void commit(CheckpointManifest checkpoint) {
        lease.requireHeld();
        checkpoints.commit(checkpoint);
        facts.weights(checkpoint.weightsSha256());
        snapshots.deleteUpTo(checkpoint.iteration());
        int keep = recipe.checkpoint().keep();
        checkpoints.retain(recipe.checkpoint().every(), keep == 0 ? Integer.MAX_VALUE : keep);
    }

    private void evaluateIfMissing(int completed) {
        SampleTable held = validation;
        if (held == null || completed == 0 || hasValidation(completed)) {
            return;
        }
        StateSource source =
                StateSource.exactly(completed * stages.plan(completed).iterations(), stateAt(completed));
        List<TaskOutcome> outcomes =
                again("evaluate after epoch " + completed, () -> stages.evaluate(held, completed, source));
        ValidationMetrics metrics = Evaluation.metrics(completed, held, outcomes);
        if (!Double.isFinite(metrics.loss())) {
            throw new JobFailure(
                    ExitCode.DIVERGED,
                    "Training diverged: the validation loss after epoch " + completed + " is " + metrics.loss()
                            + "; lower learningRate.reference, or warm up for longer");
        }
        run.recordValidation(completed, metrics);
    }

    private boolean hasValidation(int completed) {
        return !run.epochs().isEmpty()
                && lastEpoch().epoch() == completed
                && lastEpoch().validation() != null;
    }

    private EpochMetrics lastEpoch() {
        return run.epochs().get(run.epochs().size() - 1);
    }

    private @Nullable String stateAt(int completed) {
        return completed == 0 ? null : run.checkpointsUri() + "/%05d".formatted(completed);
    }

    private static long used(CheckpointManifest manifest) {
        return number(manifest, "samples") + number(manifest, "skipped");
    }

    private static long number(CheckpointManifest manifest, String key) {
        return manifest.ledger().get(key) instanceof Number number ? number.longValue() : 0;
    }

    private void refuseOtherData(CheckpointManifest manifest, long trained) {
        if (trained != table.samples() || manifest.classes() != table.classes()) {
            throw JobFailure.usage("Cannot go on with " + run.uri() + ": it was trained on " + trained + " images of "
                    + manifest.classes() + " classes, and " + table.uri() + " has " + table.samples() + " of "
                    + table.classes() + "; choose another --run");
        }
    }

    private void refuseDivergence(TaskOutcome first) {
        if (first.status() == TaskOutcome.Status.DIVERGED) {
            run.recordUnfinished(first.iterations());
            throw new JobFailure(ExitCode.DIVERGED, String.valueOf(first.message()));
        }
    }

    private void refuseNothing(TaskOutcome first, int epoch) {
        if (first.totals().samples() == 0) {
            throw JobFailure.data("Cannot train epoch " + epoch + ": none of the " + table.samples()
                    + " images could be decoded, and failure.corruptImage=skip leaves them out; look at "
                    + table.uri());
        }
    }

    private static void refuseDifferentReplicas(List<TaskOutcome> outcomes, int epoch) {
        long distinct =
                outcomes.stream().mapToLong(TaskOutcome::weightsCrc).distinct().count();
        if (distinct != 1) {
            throw new JobFailure(
                    ExitCode.OTHER,
                    "The tasks' weights differ after epoch " + epoch + ": nothing was committed; this is a defect of"
                            + " Sandglass or of a machine's memory");
        }
    }

    private EpochMetrics metrics(int epoch, EpochPlan plan, List<TaskOutcome> outcomes, double seconds) {
        TaskOutcome first = outcomes.get(0);
        LearningRate rate = recipe.learningRate().schedule(plan.globalBatchSize());
        return new EpochMetrics(
                epoch,
                plan.iterations(),
                first.totals().samples(),
                first.totals().meanLoss(),
                first.totals().top1Error(),
                first.totals().skippedSteps(),
                rate.at((plan.epoch() + 1) * plan.iterations() - 1, plan.iterations()),
                seconds,
                first.totals().samples() / seconds,
                outcomes.stream()
                        .mapToDouble(TaskOutcome::exposedCommunication)
                        .average()
                        .orElse(0),
                exposedExchange(outcomes, seconds),
                stages.exchangeSeconds(),
                maximum(outcomes, TaskOutcome::trainingSeconds),
                outcomes.stream().mapToLong(TaskOutcome::peakMemoryBytes).max().orElse(0),
                null);
    }

    private double exposedExchange(List<TaskOutcome> outcomes, double seconds) {
        return (stages.exchangeSeconds() + maximum(outcomes, TaskOutcome::exchangeSeconds)) / seconds;
    }

    private static double maximum(List<TaskOutcome> outcomes, ToDoubleFunction<TaskOutcome> of) {
        return outcomes.stream().mapToDouble(of).max().orElse(0);
    }

    private Summary writeSummary(Summary.Status status, @Nullable String error) {
        Summary summary = facts.summary(status, gang.tasks(), run, error);
        if (lease.isHeld()) {
            run.write(summary);
            run.writeReport();
        }
        return summary;
    }
}
