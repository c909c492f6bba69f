package org.sandglass.job.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.LedgerEntry;
import org.sandglass.job.failure.JobFailure;

/**
 * The directory that a run writes, on any Hadoop file system: recipe, metrics, ledger, summary, report. Every file is
 * replaced whole, so a reader sees an old one or a new one. Thread-safe.
 *
 * <p>Of an epoch, {@link #record} comes before the checkpoint's manifest: then a run that resumes from the newest
 * checkpoint finds the lines of every epoch up to it, and {@link #keepEpochs} drops those of later ones.
 */
public final class RunDirectory {

    /** The directory of checkpoints within a run's. */
    public static final String CHECKPOINTS = "checkpoints";

    /** The rendered recipe. */
    static final String CONFIG = "config.conf";

    private static final String METRICS = "metrics.jsonl";
    private static final String LEDGER = "ledger.jsonl";
    private static final String REPORT = "report.html";
    private static final String SUMMARY = "summary.json";
    private static final String RESTARTS = "restarts.jsonl";
    private static final long SHORTEST_PAUSE_NANOS = 1_000_000_000;
    private static final int PAUSES_PER_WRITE = 20;

    private final RunFiles files;
    private final Recipe recipe;
    private final RunHistory history;
    private final List<RestartRecord> restarts;
    private long nextWriteNanos = System.nanoTime();

    private RunDirectory(RunFiles files, Recipe recipe, RunHistory history, List<RestartRecord> restarts) {
        this.files = files;
        this.recipe = recipe;
        this.history = history;
        this.restarts = restarts;
    }

    /**
     * Makes a new run directory, or goes on with one of the same recipe; what is not computed differently may differ.
     *
     * @throws JobFailure (usage) if the directory holds another recipe's run, naming the keys, or something else
     */
    public static RunDirectory open(String uri, Configuration hadoop, Recipe recipe) {
        RunFiles files = new RunFiles(uri, hadoop);
        if (files.isFile()) {
            throw JobFailure.usage("Cannot open run directory: " + files.uri("") + ": is a file; give another --run");
        }
        Optional<String> config = files.read(CONFIG);
        if (config.isPresent()) {
            requireSameRecipe(files, Recipe.parse(config.get(), files.uri(CONFIG)), recipe);
        } else {
            requireUnoccupied(files);
        }
        if (!config.equals(Optional.of(recipe.render()))) {
            files.write(CONFIG, recipe.render());
        }
        return new RunDirectory(
                files,
                recipe,
                history(files),
                JsonLines.parseAll(files.read(RESTARTS).orElse(""), RestartRecord.class));
    }

    /**
     * Copies what is told of a run that has ended, without its checkpoints and event files, the outcome last. A copy that
     * was cut off is done again.
     *
     * @throws JobFailure if a file cannot be read or written
     */
    public static void copy(String fromUri, String toUri, Configuration hadoop) {
        RunFiles from = new RunFiles(fromUri, hadoop);
        RunFiles to = new RunFiles(toUri, hadoop);
        for (String name : List.of(CONFIG, METRICS, LEDGER, RESTARTS, REPORT, SUMMARY)) {
            from.read(name).ifPresent(text -> to.write(name, text));
        }
    }

    static RunHistory history(RunFiles files) {
        return RunHistory.parse(
                files.read(METRICS).orElse(""), files.read(LEDGER).orElse(""));
    }

    private static void requireSameRecipe(RunFiles files, Recipe old, Recipe recipe) {
        List<String> differences = old.essentialDifferences(recipe);
        if (!differences.isEmpty()) {
            throw JobFailure.usage("Cannot resume run: " + files.uri("") + ": its recipe has "
                    + String.join(", ", differences) + "; give the same recipe, or another --run");
        }
    }

    /** Hidden files do not count: they are what a run that was killed while it began leaves. */
    private static void requireUnoccupied(RunFiles files) {
        List<String> names =
                files.names().stream().filter(name -> !name.startsWith(".")).toList();
        if (!names.isEmpty()) {
            throw JobFailure.usage("Cannot open run directory: " + files.uri("") + ": holds " + names.get(0)
                    + " and no " + CONFIG + ", so it is not a run's; give another --run");
        }
    }

    public Recipe recipe() {
        return recipe;
    }

    public String uri() {
        return files.uri("");
    }

    public String checkpointsUri() {
        return files.uri(CHECKPOINTS);
    }

    public String snapshotsUri() {
        return files.uri("snapshots");
    }

    public String reportUri() {
        return files.uri(REPORT);
    }

    /** The recorded epochs, in order. */
    public synchronized List<EpochMetrics> epochs() {
        return history.epochs();
    }

    /** The recorded ledger, in order. */
    public synchronized List<LedgerEntry> ledger() {
        return history.ledger();
    }

    /** Drops what was recorded after {@code lastEpoch}, and a summary that knew of it. */
    public synchronized void keepEpochs(int lastEpoch) {
        boolean later = history.epochs().stream().anyMatch(metrics -> metrics.epoch() > lastEpoch);
        if (later) {
            files.delete(SUMMARY);
            history.epochs().stream()
                    .map(EpochMetrics::epoch)
                    .filter(epoch -> epoch > lastEpoch)
                    .forEach(epoch -> files.delete(TensorBoardScalars.fileName(epoch)));
            history.keepEpochs(lastEpoch);
            writeHistory();
        }
    }

    /** Records an epoch; lines of this epoch and of later ones are replaced. */
    public synchronized void record(List<IterationMetrics> iterations, EpochMetrics epoch, LedgerEntry ledger) {
        history.add(iterations, epoch, ledger);
        writeHistory();
        writeEvents(epoch.epoch());
    }

    /** Records iterations of the epoch that did not end, in place of those of an earlier attempt at it. */
    public synchronized void recordUnfinished(List<IterationMetrics> iterations) {
        history.addUnfinished(iterations);
        writeHistory();
    }

    /**
     * Takes in iterations of the epoch after those recorded, in place of those from the first of them on; others are
     * ignored. They are written soon: the longer writing takes, the less often.
     */
    public synchronized void recordRunning(List<IterationMetrics> iterations) {
        history.addRunning(iterations);
        long started = System.nanoTime();
        if (started - nextWriteNanos >= 0) {
            files.write(METRICS, history.metricsText());
            long took = System.nanoTime() - started;
            nextWriteNanos = System.nanoTime() + Math.max(SHORTEST_PAUSE_NANOS, PAUSES_PER_WRITE * took);
        }
    }

    /** Records that a driver takes up the run, or submits a stage again. */
    public synchronized void recordRestart(RestartRecord.Kind kind, String what, String why) {
        restarts.add(new RestartRecord(kind, Instant.now().toString(), what, why));
        StringBuilder text = new StringBuilder();
        restarts.forEach(restart -> text.append(JsonLines.line(restart)));
        files.write(RESTARTS, text.toString());
    }

    /** How many were recorded, by all drivers of the run. */
    public synchronized int restarts(RestartRecord.Kind kind) {
        return (int) restarts.stream().filter(restart -> restart.kind() == kind).count();
    }

    /** Adds a validation to an epoch that was recorded. */
    public synchronized void recordValidation(int epoch, ValidationMetrics validation) {
        history.validated(epoch, validation);
        writeHistory();
        writeEvents(epoch);
    }

    private void writeEvents(int number) {
        double now = System.currentTimeMillis() / 1000.0;
        history.epoch(number).ifPresent(epoch -> {
            byte[] events = TensorBoardScalars.of(history.iterationsOf(number), epoch, now);
            files.write(TensorBoardScalars.fileName(number), events);
        });
    }

    private void writeHistory() {
        files.write(METRICS, history.metricsText());
        files.write(LEDGER, history.ledgerText());
    }

    public void write(Summary summary) {
        files.write(SUMMARY, JsonLines.pretty(summary));
    }

    /** The outcome that was written, if it is there and whole. */
    public Optional<Summary> summary() {
        return summary(files);
    }

    static Optional<Summary> summary(RunFiles files) {
        Optional<String> text = files.read(SUMMARY);
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(JsonLines.parse(text.get(), Summary.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    /** Writes {@code report.html} from what is recorded. */
    public synchronized void writeReport() {
        files.write(REPORT, new HtmlReport(uri(), recipe, history, summary()).render());
    }
}
