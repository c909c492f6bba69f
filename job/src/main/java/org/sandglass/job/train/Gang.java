package org.sandglass.job.train;

import java.security.SecureRandom;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.CollectiveEncryption;
import org.sandglass.job.config.FailureSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import scala.Tuple2;

/**
 * The driver's handle on the tasks that compute together: submits stages, and tells what became of them.
 *
 * <p>Used by one thread.
 */
final class Gang implements Restarts.Width {

    private static final int SECRET_BYTES = 32;

    private final JavaSparkContext spark;
    private final Recipe recipe;
    private final int classes;
    private final int wanted;
    private volatile int tasks;
    private volatile BooleanSupplier objection = () -> false;
    private final String run = UUID.randomUUID().toString();
    private final AtomicLong attempts = new AtomicLong();
    private final AtomicLong groups = new AtomicLong();
    private final SecureRandom random = new SecureRandom();

    /** A stage that may succeed when it is submitted again: an executor or a connection was lost. */
    static final class Lost extends Exception {
        private static final long serialVersionUID = 1L;

        Lost(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private Gang(JavaSparkContext spark, Recipe recipe, int classes, int tasks) {
        this.spark = spark;
        this.recipe = recipe;
        this.classes = classes;
        this.wanted = tasks;
        this.tasks = tasks;
    }

    /**
     * Counts the slots and decides how many tasks there will be: as many as slots, at most one per worker, or what the
     * recipe asks for.
     *
     * @throws JobFailure if the recipe asks for more tasks than there are slots
     */
    static Gang forTraining(JavaSparkContext spark, Recipe recipe, int classes) {
        int slots = ExecutorSlots.await(spark.getConf());
        int workers = recipe.training().workers();
        int tasks = recipe.training().tasks().orElse(Math.min(slots, workers));
        if (tasks > slots) {
            throw JobFailure.cluster("Cannot train with " + tasks
                    + " tasks: a barrier stage runs all of them at once, and"
                    + " the executors have " + slots + " slots (cores / spark.task.cpus); give Spark more executors or"
                    + " cores, or set training.tasks=" + slots);
        }
        if (tasks > workers) {
            throw JobFailure.usage("Cannot deal " + workers + " workers to " + tasks
                    + " tasks: set training.tasks to at most training.workers");
        }
        if (tasks < recipe.failure().minTasks()) {
            throw JobFailure.cluster("Cannot train with " + tasks + " tasks: failure.minTasks="
                    + recipe.failure().minTasks() + "; give Spark more executors or cores, or lower it");
        }
        return new Gang(spark, recipe, classes, tasks);
    }

    /** A gang as wide as the cluster, for work that any number of tasks does alike. */
    static Gang ofAllSlots(JavaSparkContext spark, Recipe recipe, int classes) {
        int slots = ExecutorSlots.await(spark.getConf());
        return new Gang(spark, recipe, classes, slots);
    }

    /** Sets what ends a stage, as a loss, where it is true. */
    void cancelWhen(BooleanSupplier reason) {
        objection = reason;
    }

    /** Nothing to read, for as many tasks as the next stage has. */
    JavaPairRDD<Long, byte[]> nothing() {
        return spark.parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                .filter(rank -> false)
                .mapToPair(rank -> new Tuple2<>(0L, new byte[0]));
    }

    /** How many tasks the next stage has. */
    @Override
    public int tasks() {
        return tasks;
    }

    /** A name that no other run has. */
    String name() {
        return run;
    }

    /** Spark's settings. */
    SparkConf settings() {
        return spark.getConf();
    }

    /** All that there are now. */
    int slots() {
        return ExecutorSlots.now(spark.getConf());
    }

    /** How many slots the gang leaves to others. */
    int spareSlots() {
        return Math.max(0, slots() - tasks);
    }

    /** Takes as many tasks as at first if there are slots for them again. */
    void widen() {
        if (tasks < wanted && ExecutorSlots.now(spark.getConf()) >= wanted) {
            tasks = wanted;
        }
    }

    /**
     * After a loss: as many tasks as at first, if executors are replaced in time, else as many as there are slots.
     *
     * @throws JobFailure if fewer slots are left than the recipe wants at least
     */
    @Override
    public void regroup() {
        FailureSettings failure = recipe.failure();
        int slots = ExecutorSlots.awaitReplacement(spark.getConf(), tasks, failure.replacementTimeout());
        tasks = Math.min(wanted, slots);
        if (tasks < failure.minTasks() || tasks == 0) {
            throw JobFailure.cluster("Cannot go on: " + slots + " slots are left of " + wanted + ", and"
                    + " failure.minTasks=" + failure.minTasks() + " (executors were not replaced within "
                    + failure.replacementTimeout().toSeconds() + " s, failure.replacementTimeout); the same command"
                    + " goes on from the newest snapshot");
        }
    }

    /**
     * Runs one stage.
     *
     * @param source the states that it may start from
     * @return outcomes in the order of the ranks, all finished or all diverged
     * @throws Lost if a task or a connection was lost on the way
     * @throws JobFailure if a task says that data or settings are wrong
     */
    List<TaskOutcome> run(
            String description, JavaPairRDD<Long, byte[]> samples, StateSource source, WorkerStage.Work work)
            throws Lost {
        byte[] secret = new byte[SECRET_BYTES];
        random.nextBytes(secret);
        boolean encrypt = CollectiveEncryption.wanted(recipe.collective().encrypt(), spark.getConf());
        StageOrder order =
                new StageOrder(run, attempts.incrementAndGet(), secret, encrypt, recipe.render(), classes, source);
        List<TaskOutcome> outcomes = jobs(description, () -> WorkerStage.run(samples, order, work));
        refuseFailures(outcomes);
        return outcomes;
    }

    /**
     * Runs jobs of Spark's under a description, as long as lost executors are replaced.
     *
     * @throws Lost if they may succeed when they are run again
     * @throws JobFailure if a task says that data or settings are wrong
     */
    <T> T jobs(String description, Supplier<T> jobs) throws Lost {
        String group = run + "-jobs-" + groups.incrementAndGet();
        // The name and the description of its jobs in Spark's UI.
        spark.setCallSite(description);
        spark.setJobGroup(group, description);
        SlotWatch watch = watch(group, objection);
        try {
            return jobs.get();
        } catch (Exception e) {
            // Spark's own exception is checked, and Scala doesn't declare it.
            throw lostOrFailed(e);
        } finally {
            watch.close();
            spark.clearJobGroup();
            spark.clearCallSite();
        }
    }

    /** Ends a group's jobs that wait for executors which do not come. */
    SlotWatch watch(String group) {
        return watch(group, () -> false);
    }

    private SlotWatch watch(String group, BooleanSupplier reason) {
        return SlotWatch.start(spark, group, tasks, recipe.failure().replacementTimeout(), reason);
    }

    private Lost lostOrFailed(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof JobFailure failure) {
                throw failure;
            }
        }
        if (spark.sc().isStopped()) {
            throw new JobFailure(
                    ExitCode.CLUSTER,
                    "Cannot go on: Spark was stopped; the same command goes on from the newest checkpoint",
                    e);
        }
        if (!(e instanceof SparkException)) {
            throw new IllegalStateException("Cannot run a stage: " + e, e);
        }
        return new Lost(firstLine(e), e);
    }

    private static void refuseFailures(List<TaskOutcome> outcomes) throws Lost {
        TaskOutcome worst =
                outcomes.stream().max(Comparator.comparing(TaskOutcome::status)).orElseThrow();
        String message = "rank " + worst.rank() + ": " + worst.message();
        switch (worst.status()) {
            case FINISHED, DIVERGED -> {}
            case LOST -> throw new Lost(message, null);
            case FAILED ->
                throw new JobFailure(
                        worst.exitCode() == null ? ExitCode.OTHER : worst.exitCode(), String.valueOf(worst.message()));
        }
    }

    private static String firstLine(Throwable e) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf('\n');
        return end < 0 ? message : message.substring(0, end);
    }
}
