package org.sandglass.job.doctor;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.CollectiveEncryption;
import org.sandglass.job.cluster.Finding;
import org.sandglass.job.cluster.MemoryNeed;
import org.sandglass.job.cluster.SettingChecks;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.Build;
import org.sandglass.job.train.ExecutorSlots;
import org.sandglass.job.train.SlotWatch;

/** Examines a cluster for a recipe: its settings, its file systems, and, in one short barrier stage, its executors. */
public final class Doctor {

    private static final int SECRET_BYTES = 32;
    private static final String EXECUTORS = "executors";

    private final SparkSession session;
    private final JavaSparkContext spark;
    private final Recipe recipe;
    private final List<Finding> findings = new ArrayList<>();

    private Doctor(SparkSession session, Recipe recipe) {
        this.session = session;
        this.spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        this.recipe = recipe;
    }

    /** Where training would read and write; a part that is null is not examined. */
    public record Places(@Nullable String data, @Nullable String run) {}

    /** Examines everything; takes some seconds. */
    public static List<Finding> examine(SparkSession session, Recipe recipe, Places places) {
        Doctor doctor = new Doctor(session, recipe);
        doctor.findings.addAll(SettingChecks.of(session.sparkContext().getConf(), recipe));
        int slots = doctor.slots();
        if (slots > 0) {
            doctor.executors(Math.min(slots, doctor.tasks(slots)), places);
        }
        return List.copyOf(doctor.findings);
    }

    /**
     * Examines everything before training begins. That executors could not be examined stops nothing: one may have been lost
     * at that moment, and training goes on from that.
     *
     * @param warnings told what may be a mistake
     * @throws JobFailure (cluster) if training could not work, saying what to change
     */
    public static void require(SparkSession session, Recipe recipe, Places places, Consumer<String> warnings) {
        List<String> errors = new ArrayList<>();
        for (Finding finding : examine(session, recipe, places)) {
            if (finding.level() == Finding.Level.ERROR && !finding.check().equals(EXECUTORS)) {
                errors.add(finding.line());
            } else if (finding.level() != Finding.Level.OK) {
                warnings.accept("warning: " + finding.line());
            }
        }
        if (!errors.isEmpty()) {
            throw JobFailure.cluster("Cannot train on this cluster: " + String.join("; ", errors));
        }
    }

    /** The slots of all executors; 0 if none came. */
    private int slots() {
        try {
            int slots = ExecutorSlots.await(spark.getConf());
            int tasks = tasks(slots);
            int workers = recipe.training().workers();
            if (tasks > slots) {
                findings.add(Finding.error(
                        "gang",
                        "training.tasks=" + tasks + ", and the executors have " + slots + " slots",
                        "set training.tasks=" + slots + ", or give Spark more executors or cores"));
            } else if (slots > tasks) {
                findings.add(Finding.warn(
                        "gang",
                        slots - tasks + " of " + slots + " slots stay idle: " + tasks + " tasks for " + workers
                                + " workers",
                        "set spark.task.cpus higher, or training.tasks=auto and training.workers to at least "
                                + slots));
            } else {
                findings.add(Finding.ok("gang", tasks + " tasks of " + workers + " workers fill all slots"));
            }
            return slots;
        } catch (JobFailure e) {
            findings.add(Finding.error(
                    "gang",
                    String.valueOf(e.getMessage()),
                    "ask for what the cluster has: --num-executors, spark.executor.cores, spark.executor.memory"));
            return 0;
        }
    }

    private int tasks(int slots) {
        return recipe.training()
                .tasks()
                .orElse(Math.min(slots, recipe.training().workers()));
    }

    private void executors(int tasks, Places places) {
        Configuration hadoop = spark.hadoopConfiguration();
        if (places.run() == null) {
            probe(tasks, null, places);
            return;
        }
        try (FileSystemProbe marked = FileSystemProbe.mark(hadoop, places.run())) {
            Optional<String> problem = marked.problem();
            problem.ifPresent(text -> findings.add(cannotWrite(places.run(), text)));
            probe(tasks, problem.isPresent() ? null : marked.marker(), places);
        } catch (IOException e) {
            findings.add(cannotWrite(places.run(), String.valueOf(e)));
            probe(tasks, null, places);
        }
    }

    private static Finding cannotWrite(@Nullable String run, String problem) {
        return Finding.error(
                ReportChecks.CHECKPOINTS,
                "the driver cannot use " + run + ": "
                        + problem.lines().findFirst().orElse(""),
                "set --run to a directory that the user may write");
    }

    private void probe(int tasks, @Nullable String marker, Places places) {
        byte[] secret = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(secret);
        ProbeOrder order = new ProbeOrder(
                marker,
                secret,
                CollectiveEncryption.wanted(recipe.collective().encrypt(), spark.getConf()),
                recipe.collective().networkInterface().orElse(null),
                recipe.collective().timeout().toMillis());
        String group = "sandglass-doctor-" + UUID.randomUUID();
        String description = "doctor: look at the executors";
        spark.setCallSite(description);
        spark.setJobGroup(group, description);
        SlotWatch watch = SlotWatch.start(spark, group, tasks, recipe.failure().replacementTimeout(), () -> false);
        try {
            List<ExecutorReport> reports = ProbeStage.run(spark, tasks, order);
            ReportChecks.Versions driver = new ReportChecks.Versions(
                    System.getProperty("java.version"),
                    session.version(),
                    Build.current().commit());
            ReportChecks.of(reports, driver, tableBytes(places.data()), nativeBytes(reports)).stream()
                    .filter(finding -> marker != null || !finding.check().equals(ReportChecks.CHECKPOINTS))
                    .forEach(findings::add);
        } catch (Exception e) { // Spark's own exception is checked, and Scala doesn't declare it
            findings.add(Finding.error(
                    EXECUTORS,
                    "a barrier stage of " + tasks + " tasks failed: "
                            + e.toString().lines().findFirst().orElse(""),
                    "look at the executors' logs"));
        } finally {
            watch.close();
            spark.clearJobGroup();
            spark.clearCallSite();
        }
    }

    private long nativeBytes(List<ExecutorReport> reports) {
        long executors =
                reports.stream().map(ExecutorReport::executor).distinct().count();
        return MemoryNeed.ofExecutor(recipe, (int) ((reports.size() + executors - 1) / executors));
    }

    private long tableBytes(@Nullable String uri) {
        if (uri == null) {
            return 0;
        }
        Path path = new Path(uri);
        try (FileSystem files = FileSystem.newInstance(path.toUri(), spark.hadoopConfiguration())) {
            return files.getContentSummary(path).getLength();
        } catch (IOException e) {
            findings.add(Finding.error(
                    "data",
                    "the driver cannot read " + uri + ": "
                            + e.toString().lines().findFirst().orElse(""),
                    "set --data to the table of sandglass prepare"));
            return 0;
        }
    }
}
