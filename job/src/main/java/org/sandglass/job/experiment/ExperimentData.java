package org.sandglass.job.experiment;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Experiment;
import org.sandglass.job.data.TableIdentity;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.RecordedRun;
import org.sandglass.job.report.RunFiles;

/**
 * An experiment's outcome: everything that its tables and figures are made of, as one JSON file. While the queue runs, the
 * file {@value #PLAN} is the same without runs.
 *
 * @param paper where in Goyal et al. its counterpart stands
 * @param machines that ran it, in words
 * @param tables by name, what tells those that runs were trained and evaluated on; empty in files of earlier versions
 * @param recipe of the baseline, or of the first setting: every key that there was when it was run
 */
public record ExperimentData(
        String name,
        String title,
        String paper,
        @Nullable String baseline,
        List<String> machines,
        @JsonSetter(nulls = Nulls.AS_EMPTY) Map<String, TableIdentity> tables,
        Map<String, String> recipe,
        List<SettingData> settings) {

    static final String PLAN = "experiment.json";
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * A setting and its runs; see {@link Experiment.Setting}.
     *
     * @param changes keys of the recipe in which it differs from the baseline, or from the first setting
     */
    public record SettingData(
            String name,
            String directory,
            String series,
            String table,
            String paper,
            int workers,
            int perWorkerBatchSize,
            List<String> changes,
            List<SeedRun> runs) {

        public SettingData {
            changes = List.copyOf(changes);
            runs = List.copyOf(runs);
        }

        /** kn. */
        @JsonIgnore
        public long globalBatchSize() {
            return (long) workers * perWorkerBatchSize;
        }

        /** The median over the seeds, which one that something held up does not change; NaN without one. */
        double secondsPerIteration() {
            return median(SeedRun::secondsPerIteration);
        }

        /** Likewise of an epoch's training. */
        double secondsPerEpoch() {
            return median(SeedRun::secondsPerEpoch);
        }

        private double median(ToDoubleFunction<SeedRun> of) {
            return Spread.median(runs.stream().mapToDouble(of).toArray());
        }

        Optional<RunGroup> group() {
            return runs.isEmpty() ? Optional.empty() : Optional.of(new RunGroup(name, runs));
        }
    }

    /** Defends against later changes. */
    public ExperimentData {
        machines = List.copyOf(machines);
        tables = Collections.unmodifiableMap(new TreeMap<>(tables));
        recipe = Collections.unmodifiableMap(new LinkedHashMap<>(recipe));
        settings = List.copyOf(settings);
    }

    /** What is to be run. */
    static ExperimentData planned(Experiment experiment, List<String> machines, Map<String, TableIdentity> tables) {
        String baseline = experiment.baseline().orElse(null);
        Experiment.Setting reference = experiment.settings().stream()
                .filter(setting -> setting.name().equals(baseline))
                .findFirst()
                .orElse(experiment.settings().get(0));
        List<SettingData> settings = experiment.settings().stream()
                .map(setting -> new SettingData(
                        setting.name(),
                        setting.directory(),
                        setting.series(),
                        setting.table(),
                        setting.paper(),
                        setting.recipe().training().workers(),
                        setting.recipe().training().perWorkerBatchSize(),
                        reference.recipe().differences(setting.recipe()),
                        List.of()))
                .toList();
        return new ExperimentData(
                experiment.name(),
                experiment.title(),
                experiment.paper(),
                baseline,
                machines,
                tables,
                reference.recipe().settings(),
                settings);
    }

    /**
     * Reads a queue's directory, as far as it has come, or a file of this form.
     *
     * @throws JobFailure (data) if it is neither
     */
    public static ExperimentData read(String uri, Configuration hadoop) {
        RunFiles files = new RunFiles(uri, hadoop);
        Optional<ExperimentData> plan = plan(files);
        if (plan.isPresent()) {
            return plan.get().withRuns(files, hadoop);
        }
        String text = RunFiles.readFile(uri, hadoop)
                .orElseThrow(() -> JobFailure.data("Cannot read experiment: " + uri + ": neither a directory with "
                        + PLAN + " nor a data file that experiment report wrote"));
        return parse(text, uri);
    }

    /**
     * What a queue's directory is for.
     *
     * @return nothing if it holds no experiment
     * @throws JobFailure (data) if it cannot be read
     */
    static Optional<ExperimentData> plan(RunFiles files) {
        return files.read(PLAN).map(plan -> parse(plan, files.uri(PLAN)));
    }

    /** The URIs of the settings of a queue's directory, each of which holds runs; none if it is no such directory. */
    public static List<String> settingsOf(String uri, Configuration hadoop) {
        RunFiles files = new RunFiles(uri, hadoop);
        return plan(files)
                .map(plan -> plan.settings().stream()
                        .map(setting -> files.uri(setting.directory()))
                        .toList())
                .orElse(List.of());
    }

    /** The runs of a setting, as far as they have come, in the order of their names. */
    static List<RecordedRun> runs(RunFiles files, String directory, Configuration hadoop) {
        RunFiles own = new RunFiles(files.uri(directory), hadoop);
        return own.names().stream()
                .sorted()
                .flatMap(name -> RecordedRun.read(own.uri(name), hadoop).stream())
                .toList();
    }

    static ExperimentData parse(String text, String uri) {
        try {
            return JSON.readValue(text, ExperimentData.class);
        } catch (JsonProcessingException e) {
            String where = e.getLocation() == null
                    ? ""
                    : ", at line " + e.getLocation().getLineNr();
            throw JobFailure.data(
                    "Cannot read experiment: " + uri + ": is not what an experiment wrote" + where
                            + "; give the directory of its runs, as runs/NAME, or a data.json",
                    e);
        }
    }

    private ExperimentData withRuns(RunFiles files, Configuration hadoop) {
        Map<SettingData, List<RecordedRun>> recorded = new LinkedHashMap<>();
        settings.forEach(setting -> recorded.put(setting, runs(files, setting.directory(), hadoop)));
        Optional<RecordedRun> reference = recorded.entrySet().stream()
                .filter(entry -> baseline == null || entry.getKey().name().equals(baseline))
                .findFirst()
                .flatMap(entry -> entry.getValue().stream().findFirst());
        List<SettingData> found = new ArrayList<>();
        recorded.forEach((setting, runs) -> found.add(new SettingData(
                setting.name(),
                setting.directory(),
                setting.series(),
                setting.table(),
                setting.paper(),
                setting.workers(),
                setting.perWorkerBatchSize(),
                reference.isEmpty() || runs.isEmpty() ? setting.changes() : changes(reference.get(), runs.get(0)),
                runs.stream().map(SeedRun::of).toList())));
        return new ExperimentData(
                name,
                title,
                paper,
                baseline,
                machines,
                tables,
                reference.map(RecordedRun::settings).orElse(recipe),
                found);
    }

    /** What was run counts, and not what the last driver was told: it may leave the machine's part of a recipe different. */
    private static List<String> changes(RecordedRun reference, RecordedRun run) {
        return reference
                .recipe()
                .differences(run.recipe().withSeed(reference.recipe().training().seed()));
    }

    String json() {
        try {
            return JSON.writeValueAsString(this) + "\n";
        } catch (JsonProcessingException e) {
            throw new JobFailure(ExitCode.OTHER, "Cannot write experiment " + name, e);
        }
    }

    /** The group that the others are compared with, if it has runs. */
    Optional<RunGroup> baselineGroup() {
        return settings.stream()
                .filter(setting -> setting.name().equals(baseline))
                .findFirst()
                .flatMap(SettingData::group);
    }

    /** The tables, as a sentence. */
    @JsonIgnore
    public String tablesInWords() {
        return tables.isEmpty()
                ? "tables: not recorded"
                : tables.entrySet().stream()
                        .map(table -> table.getKey() + " of " + table.getValue())
                        .collect(Collectors.joining("; ", "tables: ", ""));
    }

    /** Machine, commits, seeds and hours, as a sentence. */
    @JsonIgnore
    public String provenance() {
        List<SeedRun> runs =
                settings.stream().flatMap(setting -> setting.runs().stream()).toList();
        String commits = runs.stream()
                .map(SeedRun::commit)
                .filter(commit -> !commit.isEmpty())
                .distinct()
                .collect(Collectors.joining(", "));
        long seeds = runs.stream().map(SeedRun::seed).distinct().count();
        double hours = runs.stream().mapToDouble(SeedRun::wallSeconds).sum() / 3600;
        return String.format(
                Locale.ROOT,
                "%d runs of %d settings, seeds: %d, %.1f hours; %s; commit %s",
                runs.size(),
                settings.size(),
                seeds,
                hours,
                String.join(", ", machines),
                commits.isEmpty() ? "unknown" : commits);
    }
}
