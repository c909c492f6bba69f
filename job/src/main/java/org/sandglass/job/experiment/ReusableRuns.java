package org.sandglass.job.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.RecordedRun;

/** Ended runs of other experiments. Experiments share settings, as the paper's tables share their baselines. Immutable. */
final class ReusableRuns {

    private record Ended(String table, RecordedRun run) {}

    private final List<Ended> runs;

    private ReusableRuns(List<Ended> runs) {
        this.runs = runs;
    }

    /**
     * Finds those of some queues' directories.
     *
     * @throws JobFailure (data) if there is no experiment in one of them
     */
    static ReusableRuns of(List<String> experiments, Configuration hadoop) {
        List<Ended> ended = new ArrayList<>();
        for (String uri : experiments) {
            ExperimentData.recorded(uri, hadoop).forEach((setting, runs) -> runs.stream()
                    .filter(RecordedRun::hasEnded)
                    .forEach(run -> ended.add(new Ended(setting.table(), run))));
        }
        return new ReusableRuns(List.copyOf(ended));
    }

    /**
     * The URI of a run of this very recipe, its seed and what does not change the mathematics included: some experiments
     * compare times.
     *
     * @param table the name of its table
     * @param samples of that table
     * @param validationSamples of the table for evaluation
     */
    Optional<String> equal(String table, long samples, long validationSamples, Recipe recipe) {
        return runs.stream()
                .filter(ended -> ended.table().equals(table))
                .map(Ended::run)
                .filter(run -> run.recipe().differences(recipe).isEmpty())
                .filter(run -> run.summary()
                        .filter(summary -> summary.trainSamples() == samples)
                        .filter(summary -> summary.validationSamples() == validationSamples)
                        .isPresent())
                .map(RecordedRun::uri)
                .findFirst();
    }
}
