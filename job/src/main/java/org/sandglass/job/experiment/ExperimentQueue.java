package org.sandglass.job.experiment;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.cluster.SettingChecks;
import org.sandglass.job.config.Experiment;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.data.TableIdentity;
import org.sandglass.job.doctor.Doctor;
import org.sandglass.job.experiment.ExperimentData.SettingData;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.Progress;
import org.sandglass.job.report.RecordedRun;
import org.sandglass.job.report.RunDirectory;
import org.sandglass.job.report.RunFiles;
import org.sandglass.job.train.TrainRequest;
import org.sandglass.job.train.Training;

/**
 * Trains every setting of an experiment with every seed, one after the other in one Spark application; each has a run
 * directory of its own. All settings with the first seed come first, so that a queue that is stopped has whole rows. What
 * has ended, finished or diverged, is not run again, and what was killed goes on where it was.
 */
public final class ExperimentQueue {

    private final Experiment experiment;
    private final Order order;
    private final RunFiles files;
    private final Configuration hadoop;
    private boolean examined;

    /**
     * What to run.
     *
     * @param tables the URI of each table that settings name, and of that on which all are evaluated after every epoch
     * @param settings names of the settings to run; all if there are none
     * @param seeds the seeds that each setting is trained with
     * @param reuse URIs of experiments on the same tables, whose runs of equal recipes are taken over
     * @param out URI of the directory for all runs
     * @param resume whether to go on with what is there
     */
    public record Order(
            Map<String, String> tables,
            List<String> settings,
            List<Long> seeds,
            List<String> reuse,
            String out,
            boolean resume) {

        public Order {
            tables = Map.copyOf(tables);
            settings = List.copyOf(settings);
            seeds = List.copyOf(seeds);
            reuse = List.copyOf(reuse);
        }
    }

    private record Job(Experiment.Setting setting, long seed) {

        Recipe recipe() {
            return setting.recipe().withSeed(seed);
        }
    }

    public ExperimentQueue(Experiment experiment, Order order, Configuration hadoop) {
        this.experiment = experiment;
        this.order = order;
        this.hadoop = hadoop;
        this.files = new RunFiles(order.out(), hadoop);
    }

    /**
     * Checks what can be checked without Spark.
     *
     * @return what is to be run, with what was there before
     * @throws JobFailure (usage) if the directory is in use and this is no resumption, if what is there is of another
     *     experiment, of other recipes or of other tables, or if a setting or a table's place is missing; (data) if a table
     *     is not there
     */
    public ExperimentData check() {
        Optional<ExperimentData> present = ExperimentData.plan(files);
        if (present.isPresent() && !order.resume()) {
            throw JobFailure.usage("Cannot run experiment: " + files.uri("") + ": holds one already; go on with it by"
                    + " --resume, or give another --out");
        }
        present.ifPresent(this::requireSameRecipes);
        Map<String, TableIdentity> tables = new HashMap<>();
        for (String table : tables()) {
            tables.put(table, identity(table));
        }
        Set<String> machines = new LinkedHashSet<>();
        present.ifPresent(plan -> {
            requireSameTables(plan, tables);
            plan.tables().forEach(tables::putIfAbsent);
            machines.addAll(plan.machines());
        });
        machines.add(machine());
        return ExperimentData.planned(experiment, List.copyOf(machines), tables);
    }

    private TableIdentity identity(String table) {
        String uri = requireTable(table);
        try {
            return TableIdentity.of(uri, hadoop);
        } catch (JobFailure e) {
            throw JobFailure.data(
                    e.getMessage() + "; if the experiment's table " + table + " is elsewhere, say so with --table "
                            + table + "=URI",
                    e);
        }
    }

    /**
     * A run that has ended is not trained again, so nothing else would notice that its recipe was another one; and all that is
     * there stands in one report, also what this command does not choose.
     */
    private void requireSameRecipes(ExperimentData plan) {
        if (!plan.name().equals(experiment.name())) {
            throw notThis("%s holds the experiment %s; give another --out".formatted(files.uri(""), plan.name()));
        }
        Map<String, String> tables =
                plan.settings().stream().collect(Collectors.toMap(SettingData::directory, SettingData::table));
        for (Experiment.Setting setting : experiment.settings()) {
            for (RecordedRun run : ExperimentData.runs(files, setting.directory(), hadoop)) {
                List<String> differences = new ArrayList<>(run.recipe()
                        .essentialDifferences(setting.recipe()
                                .withSeed(run.recipe().training().seed())));
                String table = tables.getOrDefault(setting.directory(), setting.table());
                if (!table.equals(setting.table())) {
                    differences.add("data: " + table + " → " + setting.table());
                }
                if (!differences.isEmpty()) {
                    throw notThis("the recipe of %s has %s; give the same recipe, or another --out"
                            .formatted(run.uri(), String.join(", ", differences)));
                }
            }
        }
    }

    private void requireSameTables(ExperimentData plan, Map<String, TableIdentity> tables) {
        if (plan.tables().isEmpty()) {
            throw notThis(
                    "%s was begun by an earlier version, and does not tell which tables it is of; give another --out"
                            .formatted(files.uri("")));
        }
        tables.forEach((name, table) -> {
            TableIdentity before = plan.tables().getOrDefault(name, table);
            if (!before.equals(table)) {
                throw notThis("its table %s is of %s, and %s is of %s; give the same table, or another --out"
                        .formatted(name, before, requireTable(name), table));
            }
        });
    }

    private JobFailure notThis(String reason) {
        return JobFailure.usage("Cannot resume experiment " + experiment.name() + ": " + reason);
    }

    private List<Job> jobs() {
        List<Job> jobs = new ArrayList<>();
        order.seeds().forEach(seed -> chosen().forEach(setting -> jobs.add(new Job(setting, seed))));
        return jobs;
    }

    private List<Experiment.Setting> chosen() {
        return order.settings().isEmpty() ? experiment.settings() : experiment.settings(order.settings());
    }

    /** The names of those that are needed. */
    private Set<String> tables() {
        Set<String> names = new LinkedHashSet<>(List.of(Experiment.VALIDATION));
        chosen().forEach(setting -> names.add(setting.table()));
        return names;
    }

    private String requireTable(String name) {
        String uri = order.tables().get(name);
        if (uri == null) {
            throw JobFailure.usage("Cannot run experiment: its settings need a table " + name
                    + ": say where it is with --table " + name + "=URI");
        }
        return uri;
    }

    /**
     * Runs what has not ended yet, and writes the report after each run.
     *
     * @throws JobFailure if a run failed for another reason than divergence; (data) if a table, or an experiment to take
     *     runs from, is not there
     */
    public void run(SparkSession session, Progress progress) {
        ExperimentData plan = check();
        ReusableRuns reusable = ReusableRuns.of(order.reuse(), hadoop);
        // Hours before the last of them is needed.
        tables().forEach(table -> SampleTable.open(session, requireTable(table)));
        files.write(ExperimentData.PLAN, plan.json());
        List<Job> jobs = jobs();
        for (int i = 0; i < jobs.size(); i++) {
            Job job = jobs.get(i);
            String what = String.format(
                    Locale.ROOT,
                    "run %d of %d: %s, seed %d",
                    i + 1,
                    jobs.size(),
                    job.setting().name(),
                    job.seed());
            Optional<String> equal = reusable.equal(
                    requireNonNull(plan.tables().get(job.setting().table())),
                    requireNonNull(plan.tables().get(Experiment.VALIDATION)),
                    job.recipe());
            if (hasEnded(job)) {
                progress.note(what + ": has ended already");
            } else if (equal.isPresent()) {
                progress.note(what + ": taken over from " + equal.get());
                RunDirectory.copy(equal.get(), runUri(job), hadoop);
            } else {
                progress.note(what);
                train(session, job, progress);
                ExperimentReport.write(ExperimentData.read(order.out(), hadoop), files);
            }
        }
        ExperimentReport.write(ExperimentData.read(order.out(), hadoop), files);
    }

    private void train(SparkSession session, Job job, Progress progress) {
        TrainRequest request = new TrainRequest(
                job.recipe(), requireTable(job.setting().table()), requireTable(Experiment.VALIDATION), runUri(job));
        try {
            Training.run(session, request, progress, () -> preflight(session, request, progress));
        } catch (JobFailure e) {
            if (e.exitCode() != ExitCode.DIVERGED) {
                throw e;
            }
            // That is an outcome.
            progress.note(String.valueOf(e.getMessage()));
        }
    }

    /** Everything once; settings differ in their recipes, and in tables that have been opened. */
    private void preflight(SparkSession session, TrainRequest request, Progress progress) {
        if (examined) {
            SettingChecks.require(session.sparkContext().getConf(), request.recipe(), progress::note);
            return;
        }
        Doctor.require(session, request.recipe(), new Doctor.Places(request.data(), request.run()), progress::note);
        examined = true;
    }

    private boolean hasEnded(Job job) {
        return RecordedRun.read(runUri(job), hadoop)
                .filter(RecordedRun::hasEnded)
                .isPresent();
    }

    private String runUri(Job job) {
        return files.uri(job.setting().directory() + "/seed-" + job.seed());
    }

    /** Processor and how many of it, in words. */
    private static String machine() {
        int processors = Runtime.getRuntime().availableProcessors();
        String model = System.getProperty("os.arch", "unknown");
        try {
            model = Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(model);
        } catch (IOException e) {
            // Not Linux: the architecture must do.
        }
        return processors + " × " + model;
    }
}
