package org.sandglass.job.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.cluster.SettingChecks;
import org.sandglass.job.config.Experiment;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.doctor.Doctor;
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
     * @throws JobFailure (usage) if the directory is in use and this is no resumption, or a setting or a table is
     *     missing
     */
    public void check() {
        Optional<String> present = files.read(ExperimentData.PLAN);
        if (present.isPresent() && !order.resume()) {
            throw JobFailure.usage("Cannot run experiment: " + files.uri("") + ": holds one already; go on with it by"
                    + " --resume, or give another --out");
        }
        requireTable(Experiment.VALIDATION);
        chosen().forEach(setting -> requireTable(setting.table()));
    }

    private List<Experiment.Setting> chosen() {
        return order.settings().isEmpty() ? experiment.settings() : experiment.settings(order.settings());
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
     * @throws JobFailure if a run failed for another reason than divergence; (data) if there is no experiment to take
     *     runs from
     */
    public void run(SparkSession session, Progress progress) {
        check();
        ReusableRuns reusable = ReusableRuns.of(order.reuse(), hadoop);
        files.write(
                ExperimentData.PLAN,
                ExperimentData.planned(experiment, machine()).json());
        List<Job> jobs = new ArrayList<>();
        order.seeds().forEach(seed -> chosen().forEach(setting -> jobs.add(new Job(setting, seed))));
        for (int i = 0; i < jobs.size(); i++) {
            Job job = jobs.get(i);
            String what = String.format(
                    Locale.ROOT,
                    "run %d of %d: %s, seed %d",
                    i + 1,
                    jobs.size(),
                    job.setting().name(),
                    job.seed());
            Optional<String> equal = reusable.equal(job.setting().table(), job.recipe());
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

    /** Everything once; settings differ in their recipes alone. */
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
