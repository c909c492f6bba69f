package org.sandglass.job.experiment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.config.Experiment;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.TableIdentity;
import org.sandglass.job.experiment.ExperimentData.SettingData;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.RecordedRun;
import org.sandglass.job.report.RunFiles;

/** Ended runs of other experiments. Experiments share settings, as the paper's tables share their baselines. Immutable. */
final class ReusableRuns {

    private record Ended(TableIdentity table, TableIdentity validation, RecordedRun run) {}

    private final List<Ended> runs;

    private ReusableRuns(List<Ended> runs) {
        this.runs = runs;
    }

    /**
     * Finds those of some queues' directories.
     *
     * @throws JobFailure (data) if there is no experiment in one of them, or one that does not tell its tables
     */
    static ReusableRuns of(List<String> experiments, Configuration hadoop) {
        List<Ended> ended = new ArrayList<>();
        for (String uri : experiments) {
            RunFiles files = new RunFiles(uri, hadoop);
            ExperimentData plan = ExperimentData.plan(files)
                    .orElseThrow(() -> JobFailure.data("Cannot reuse runs of " + uri + ": there is no "
                            + ExperimentData.PLAN + " in it; give the directory of an experiment's runs"));
            for (SettingData setting : plan.settings()) {
                ExperimentData.runs(files, setting.directory(), hadoop).stream()
                        .filter(RecordedRun::hasEnded)
                        .map(run -> new Ended(
                                table(plan, setting.table(), uri), table(plan, Experiment.VALIDATION, uri), run))
                        .forEach(ended::add);
            }
        }
        return new ReusableRuns(List.copyOf(ended));
    }

    private static TableIdentity table(ExperimentData plan, String name, String uri) {
        TableIdentity table = plan.tables().get(name);
        if (table == null) {
            throw JobFailure.data("Cannot reuse runs of " + uri + ": its " + ExperimentData.PLAN
                    + " does not tell which table " + name + " was; leave out --reuse " + uri);
        }
        return table;
    }

    /**
     * The URI of a run of this very recipe, its seed and what does not change the mathematics included: some experiments
     * compare times.
     *
     * @param table that it is trained on
     * @param validation that it is evaluated on
     */
    Optional<String> equal(TableIdentity table, TableIdentity validation, Recipe recipe) {
        return runs.stream()
                .filter(ended ->
                        ended.table().equals(table) && ended.validation().equals(validation))
                .map(Ended::run)
                .filter(run -> run.recipe().differences(recipe).isEmpty())
                .map(RecordedRun::uri)
                .findFirst();
    }
}
