package org.sandglass.job.train;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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
import org.sandglass.job.report.RunDirectory;
import org.sandglass.job.report.RunLease;
import org.sandglass.job.report.Summary;
import org.sandglass.job.report.ValidationMetrics;
import org.sandglass.ops.optim.LearningRate;

/**
 * The driver's side of a run: epoch after epoch, each one a barrier stage, audited, committed and evaluated.
 *
 * <p>An epoch counts once its checkpoint is committed, which happens after its ledger was found exact. The same request
 * again goes on after the newest snapshot within the epoch that comes after the newest committed checkpoint. Used by one
 * thread.
 */
public final class Training {

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

    private Training(SparkSession session, TrainRequest request, Progress progress) {
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
        this.stages = new EpochStages(table, recipe, gang);
        this.progress = progress;
        this.facts = new RunFacts(recipe, table, spark.version());
        this.restarts = new Restarts(recipe.failure(), gang, progress);
        this.lease = RunLease.acquire(run.uri(), spark.hadoopConfiguration());
    }

    /**
     * Trains, or goes on training, what the request says.
     *
     * @throws JobFailure with the exit code that says what is wrong
     */
    public static Summary run(SparkSession session, TrainRequest request, Progress progress) {
        Training training = new Training(session, request, progress);
        try {
            return training.run();
        } catch (JobFailure e) {
            training.writeSummary(
                    e.exitCode() == ExitCode.DIVERGED ? Summary.Status.DIVERGED : Summary.Status.FAILED,
                    e.getMessage());
            throw e;
        } catch (RuntimeException e) {
            training.writeSummary(Summary.Status.FAILED, e.toString());
            throw e;
        } finally {
            training.lease.close();
        }
    }

    private Summary run() {
        Optional<CheckpointManifest> newest = checkpoints.newest();
        newest.ifPresent(manifest -> refuseOtherData(manifest, used(manifest)));
        int completed = newest.map(CheckpointManifest::epoch).orElse(0);
        run.keepEpochs(completed);
        facts.goOnAfter(run.epochs());
        newest.ifPresent(manifest -> facts.weights(manifest.weightsSha256()));
        Optional<Checkpoint> snapshot = newestSnapshot(completed);
        snapshot.map(Checkpoint::manifest)
                .ifPresent(manifest -> refuseOtherData(manifest, number(manifest, "tableSamples")));
        begin(completed, snapshot);
        evaluateIfMissing(completed);
        while (completed < recipe.training().epochs()) {
            trainEpoch(completed);
            completed++;
            evaluateIfMissing(completed);
            progress.epoch(lastEpoch());
            run.writeReport();
        }
        return writeSummary(Summary.Status.FINISHED, null);
    }

    private void begin(int completed, Optional<Checkpoint> snapshot) {
        EpochPlan first = stages.plan(0);
        long done =
                snapshot.map(checkpoint -> checkpoint.manifest().iteration()).orElse(completed * first.iterations());
        progress.begin(recipe.training().epochs(), first.iterations(), done, first.globalBatchSize());
        progress.note(table.samples() + " images of " + table.classes() + " classes; "
                + recipe.training().workers()
                + " workers × " + recipe.training().perWorkerBatchSize() + " images on " + gang.tasks() + " tasks"
                + (done > 0 ? "; going on after epoch " + completed : ""));
        ProgressPlugin.listen(
                message -> {
                    long iteration = (message.epoch() - 1) * first.iterations() + message.iteration();
                    restarts.reached(iteration);
                    progress.iteration(message.epoch(), iteration, message.loss(), message.imagesPerSecond());
                },
                progress::note);
    }

    private void trainEpoch(int completed) {
        long started = System.nanoTime();
        EpochPlan plan = stages.plan(completed);
        double earlierSeconds = newestSnapshot(completed)
                .map(snapshot -> EpochProgress.fromJson(snapshot.progress()).seconds())
                .orElse(0.0);
        gang.widen();
        List<TaskOutcome> outcomes = restarts.run("train epoch " + (completed + 1), () -> {
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
        if (!ledger.exact()) {
            facts.ledgerViolation();
            throw JobFailure.data("Epoch " + (completed + 1) + " did not use every sample exactly once: "
                    + ledger.verdict() + "; the run stops, see ledger.jsonl");
        }
        commit(plan, outcomes.get(0), ledger);
        stages.forgetExchange();
        snapshots.deleteUpTo((completed + 1) * plan.iterations());
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

    private void commit(EpochPlan plan, TaskOutcome first, LedgerEntry ledger) {
        int completed = plan.epoch() + 1;
        String sha256 = Objects.requireNonNull(first.weightsSha256());
        checkpoints.commit(new CheckpointManifest(
                completed,
                completed * plan.iterations(),
                recipe.model().name(),
                table.classes(),
                table.classNames().orElse(List.of()),
                recipe.augmentation().size(),
                recipe.render(),
                sha256,
                new ObjectMapper().convertValue(ledger, new TypeReference<Map<String, Object>>() {}),
                Instant.now().toString(),
                first.files()));
        facts.weights(sha256);
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
                restarts.run("evaluate after epoch " + completed, () -> stages.evaluate(held, completed, source));
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
                rate.at((plan.epoch() + 1) * plan.iterations() - 1, plan.iterations()),
                seconds,
                first.totals().samples() / seconds,
                outcomes.stream()
                        .mapToDouble(TaskOutcome::exposedCommunication)
                        .average()
                        .orElse(0),
                outcomes.stream().mapToLong(TaskOutcome::peakMemoryBytes).max().orElse(0),
                null);
    }

    private Summary writeSummary(Summary.Status status, @Nullable String error) {
        Summary summary = facts.summary(status, gang.tasks(), restarts.count(), run.epochs(), error);
        if (lease.isHeld()) {
            run.write(summary);
            run.writeReport();
        }
        return summary;
    }
}
