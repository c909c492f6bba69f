package org.sandglass.job.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.sandglass.job.config.CollectiveSettings;
import org.sandglass.job.config.DeviceChoice;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.JobFailure;

/**
 * What Spark's settings alone tell about whether a gang of barrier tasks can train: no executor is needed for it.
 *
 * <p>Immutable, and nothing but functions of its two arguments.
 */
public final class SettingChecks {

    /** The check of what an executor's container must leave beside the heap. */
    public static final String MEMORY = "memory";

    private static final long LONG_SECONDS = 600;
    private static final long MEBI = 1L << 20;
    private static final long ROUND_MEBI = 256;

    /** What Spark keeps of a heap, and the share of the rest that its memory manager leaves to others. */
    private static final long RESERVED_MEBI = 300;

    private static final double UNMANAGED = 0.4;
    private static final Pattern LOCAL_CLUSTER = Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,.*]");

    private final SparkConf conf;
    private final Recipe recipe;
    private final List<Finding> findings = new ArrayList<>();

    private SettingChecks(SparkConf conf, Recipe recipe) {
        this.conf = conf;
        this.recipe = recipe;
    }

    /** All findings, good and bad. */
    public static List<Finding> of(SparkConf conf, Recipe recipe) {
        SettingChecks checks = new SettingChecks(conf, recipe);
        checks.executors();
        checks.timeouts();
        checks.locality();
        checks.threads();
        checks.gpus();
        checks.encryption();
        checks.memory();
        return List.copyOf(checks.findings);
    }

    /**
     * Whether an executor's heap has room for its tasks to hold a row group each, which is how Parquet is read.
     *
     * @param rowGroupBytes of a table's largest row group
     */
    public static Finding rowGroups(SparkConf conf, Recipe recipe, long rowGroupBytes) {
        SettingChecks checks = new SettingChecks(conf, recipe);
        int tasks = Math.max(1, checks.executorCores().orElse(1) / checks.taskCpus());
        long heap = conf.getSizeAsMb("spark.executor.memory", "1g");
        long needed = tasks * rowGroupBytes / MEBI;
        String what = "an executor's " + tasks + " tasks may hold a row group of " + rowGroupBytes / MEBI
                + " MiB each, in a heap of " + heap;
        if (needed <= (heap - RESERVED_MEBI) * UNMANAGED) {
            return Finding.ok("row groups", what);
        }
        long wanted = (long) (needed / UNMANAGED) + RESERVED_MEBI;
        return Finding.warn(
                "row groups",
                what,
                "set spark.executor.memory=" + (wanted + ROUND_MEBI - 1) / ROUND_MEBI * ROUND_MEBI
                        + "m, or write the table with smaller ones (parquet.block.size)");
    }

    /**
     * The cheap part of {@code sandglass doctor}, for a further training on executors that were examined.
     *
     * @param warnings is told each one, in a line
     * @throws JobFailure (cluster) with every error
     */
    public static void require(SparkConf conf, Recipe recipe, Consumer<String> warnings) {
        List<String> errors = new ArrayList<>();
        for (Finding finding : of(conf, recipe)) {
            switch (finding.level()) {
                case OK -> {}
                case WARN -> warnings.accept("warning: " + finding.line());
                case ERROR -> errors.add(finding.line());
            }
        }
        if (!errors.isEmpty()) {
            throw JobFailure.cluster("Cannot train with these settings of Spark: " + String.join("; ", errors));
        }
    }

    private void executors() {
        boolean dynamic = conf.getBoolean("spark.dynamicAllocation.enabled", false);
        boolean speculation = conf.getBoolean("spark.speculation", false);
        if (dynamic) {
            findings.add(Finding.error(
                    "dynamic allocation",
                    "spark.dynamicAllocation.enabled=true, and a barrier stage needs a fixed set of executors",
                    "set spark.dynamicAllocation.enabled=false, and say how many with --num-executors"));
        }
        if (speculation) {
            findings.add(Finding.error(
                    "speculation",
                    "spark.speculation=true, and a barrier stage cannot run a task twice",
                    "set spark.speculation=false"));
        }
        if (!dynamic && !speculation) {
            findings.add(Finding.ok("executors", "a fixed set, no speculation"));
        }
    }

    private void timeouts() {
        long sync = conf.getTimeAsSeconds("spark.barrier.sync.timeout", "365d");
        if (sync > LONG_SECONDS) {
            findings.add(Finding.warn(
                    "barrier timeout",
                    "a task that does not come to its gang is waited for during " + sync + " s",
                    "set spark.barrier.sync.timeout=120"));
        }
        long slots = conf.getTimeAsSeconds("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "15s")
                * conf.getInt("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", 40);
        if (slots >= LONG_SECONDS) {
            findings.add(Finding.warn(
                    "slot check",
                    "slots that are missing are waited for during " + slots + " s",
                    "set spark.scheduler.barrier.maxConcurrentTasksCheck.interval=1s and .maxFailures=10"));
        }
        if (sync <= LONG_SECONDS && slots < LONG_SECONDS) {
            findings.add(Finding.ok("barrier timeouts", sync + " s for a task, " + slots + " s for slots"));
        }
    }

    private void locality() {
        if (conf.getTimeAsMs("spark.locality.wait", "3s") > 0) {
            findings.add(Finding.warn(
                    "locality",
                    "waiting for local slots can hold back a part of a barrier stage, which Spark answers by failing it",
                    "set spark.locality.wait=0s"));
        }
    }

    private void threads() {
        int taskCpus = taskCpus();
        String openMp = conf.get("spark.executorEnv.OMP_NUM_THREADS", String.valueOf(taskCpus));
        if (!openMp.equals(String.valueOf(taskCpus))) {
            findings.add(Finding.warn(
                    "threads",
                    "spark.task.cpus=" + taskCpus + ", but OpenMP is told to use " + openMp + " threads",
                    "set spark.executorEnv.OMP_NUM_THREADS=" + taskCpus + ", or leave it out"));
        }
        OptionalInt cores = executorCores();
        if (cores.isPresent() && cores.getAsInt() % taskCpus != 0) {
            int idle = cores.getAsInt() % taskCpus;
            findings.add(
                    cores.getAsInt() < taskCpus
                            ? Finding.error(
                                    "cores",
                                    "an executor has " + cores.getAsInt() + " cores, and a task takes " + taskCpus,
                                    "set spark.task.cpus=" + cores.getAsInt())
                            : Finding.warn(
                                    "cores",
                                    idle + " of an executor's " + cores.getAsInt() + " cores stay idle: a task takes "
                                            + taskCpus,
                                    "set spark.task.cpus to a divisor of spark.executor.cores"));
        } else {
            findings.add(Finding.ok("threads", "a task computes on " + taskCpus + " (spark.task.cpus)"));
        }
    }

    private void gpus() {
        double task = conf.getDouble("spark.task.resource.gpu.amount", 0);
        int executor = conf.getInt("spark.executor.resource.gpu.amount", 0);
        if (task == 0 && executor == 0) {
            findings.add(
                    recipe.training().device() == DeviceChoice.CUDA
                            ? Finding.error(
                                    "gpu",
                                    "training.device=cuda, and no GPU is asked for",
                                    "set spark.executor.resource.gpu.amount and spark.task.resource.gpu.amount=1")
                            : Finding.ok("gpu", "none asked for"));
            return;
        }
        if (task != 1) {
            findings.add(Finding.error(
                    "gpu",
                    "a task takes " + (task == 0 ? "no" : String.valueOf(task)) + " GPU, and must have one of its own",
                    "set spark.task.resource.gpu.amount=1"));
        }
        if (executor == 0) {
            findings.add(Finding.error(
                    "gpu",
                    "tasks take GPUs, and executors have none",
                    "set spark.executor.resource.gpu.amount to what an executor is to have"));
        }
        OptionalInt cores = executorCores();
        if (cores.isPresent() && executor > cores.getAsInt() / taskCpus()) {
            findings.add(Finding.warn(
                    "gpu",
                    executor + " GPUs in an executor whose cores run " + cores.getAsInt() / taskCpus() + " tasks",
                    "set spark.executor.cores=" + executor * taskCpus()));
        }
        if (recipe.training().device() != DeviceChoice.CUDA) {
            findings.add(
                    Finding.warn(
                            "gpu",
                            "GPUs are reserved, and training.device="
                                    + recipe.training().device().name().toLowerCase(Locale.ROOT)
                                    + " computes on processors",
                            "set training.device=cuda, or leave out spark.task.resource.gpu.amount and spark.executor.resource.gpu.amount"));
        }
    }

    private void encryption() {
        boolean ofSpark = CollectiveEncryption.wanted(CollectiveSettings.Encryption.AUTO, conf);
        boolean ours = CollectiveEncryption.wanted(recipe.collective().encrypt(), conf);
        if (ofSpark && !ours) {
            findings.add(Finding.warn(
                    "encryption",
                    "Spark encrypts its connections, and gradients travel in the clear",
                    "set collective.encrypt=auto"));
        } else {
            findings.add(Finding.ok("encryption", ours ? "gradients travel encrypted" : "none, as Spark's own"));
        }
    }

    private void memory() {
        int tasks = Math.max(1, executorCores().orElse(1) / taskCpus());
        long needed = MemoryNeed.ofExecutor(recipe, tasks) / MEBI;
        String what = "an executor's " + tasks + " tasks need about " + needed + " MiB beside the heap";
        String master = conf.get("spark.master", "");
        if (!master.equals("yarn") && !master.startsWith("k8s")) {
            findings.add(Finding.ok(MEMORY, what));
            return;
        }
        long overhead = overheadMebi();
        if (overhead >= needed) {
            findings.add(Finding.ok(MEMORY, what + ", and have " + overhead));
            return;
        }
        long rounded = (needed + ROUND_MEBI - 1) / ROUND_MEBI * ROUND_MEBI;
        findings.add(Finding.error(
                MEMORY,
                what + ", and the container leaves " + overhead + ": it would be killed",
                "set spark.executor.memoryOverhead=" + rounded + "m, or lower training.perWorkerBatchSize"));
    }

    private long overheadMebi() {
        if (conf.contains("spark.executor.memoryOverhead")) {
            return conf.getSizeAsMb("spark.executor.memoryOverhead");
        }
        double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
        return Math.max(384, (long) (factor * conf.getSizeAsMb("spark.executor.memory", "1g")));
    }

    private int taskCpus() {
        return conf.getInt("spark.task.cpus", 1);
    }

    private OptionalInt executorCores() {
        Matcher local = LOCAL_CLUSTER.matcher(conf.get("spark.master", ""));
        if (local.matches()) {
            return OptionalInt.of(Integer.parseInt(local.group(1)));
        }
        return conf.contains("spark.executor.cores")
                ? OptionalInt.of(conf.getInt("spark.executor.cores", 1))
                : OptionalInt.empty();
    }
}
