package org.sandglass.job.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.JobFailure;

/**
 * What a run directory tells, read without touching it: the run may be under way.
 *
 * @param settings the recipe's keys as they were written: those that there were when the run began
 * @param iterations those that were logged
 * @param summary the outcome, if there is one
 */
public record RecordedRun(
        String uri,
        Recipe recipe,
        Map<String, String> settings,
        List<IterationMetrics> iterations,
        List<EpochMetrics> epochs,
        Optional<Summary> summary) {

    /** Defends against later changes. */
    public RecordedRun {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        iterations = List.copyOf(iterations);
        epochs = List.copyOf(epochs);
    }

    /** Whether its outcome is known, be it divergence, so that there is nothing left to train. */
    public boolean hasEnded() {
        return summary.filter(outcome -> outcome.status() != Summary.Status.FAILED)
                .isPresent();
    }

    /** Reads a run, if the directory holds one. */
    public static Optional<RecordedRun> read(String uri, Configuration hadoop) {
        RunFiles files = new RunFiles(uri, hadoop);
        return files.read(RunDirectory.CONFIG).map(config -> {
            RunHistory history = RunDirectory.history(files);
            return new RecordedRun(
                    files.uri(""),
                    Recipe.parse(config, files.uri(RunDirectory.CONFIG)),
                    Recipe.rendered(config),
                    history.iterations(),
                    history.epochs(),
                    RunDirectory.summary(files));
        });
    }

    /**
     * Reads the run that a directory holds, or all that its subdirectories hold, in the order of their names.
     *
     * @throws JobFailure (data) if there is none
     */
    public static List<RecordedRun> readAll(String uri, Configuration hadoop) {
        Optional<RecordedRun> own = read(uri, hadoop);
        if (own.isPresent()) {
            return List.of(own.get());
        }
        RunFiles files = new RunFiles(uri, hadoop);
        List<RecordedRun> found = new ArrayList<>();
        files.names().stream().filter(name -> !name.startsWith(".")).sorted().forEach(name -> read(
                        files.uri(name), hadoop)
                .ifPresent(found::add));
        if (found.isEmpty()) {
            throw JobFailure.data("Cannot read run: " + files.uri("") + ": neither it nor a directory in it holds a"
                    + " run's config.conf");
        }
        return found;
    }
}
