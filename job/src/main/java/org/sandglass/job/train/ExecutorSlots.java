package org.sandglass.job.train;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerApplicationEnd;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.sandglass.job.failure.JobFailure;

/**
 * Counts the task slots of this application's executors. Spark creates it, from {@code spark.extraListeners}, before the
 * first executor registers. Thread-safe.
 */
public final class ExecutorSlots extends SparkListener {

    private static final Map<String, Integer> CORES = new ConcurrentHashMap<>();
    private static final long NEVER = Long.MAX_VALUE;
    private static volatile long shortSinceMillis = NEVER;
    private static final Pattern LOCAL_CLUSTER = Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,.*]");
    private static final long POLL_MILLIS = 50;
    private static final long SETTLE_MILLIS = 3_000;
    private static final long LIMIT_MILLIS = 60_000;

    @Override
    public void onExecutorAdded(SparkListenerExecutorAdded added) {
        CORES.put(added.executorId(), added.executorInfo().totalCores());
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
        CORES.remove(removed.executorId());
    }

    /** Forgets its executors: of an application that ends, Spark does not say that they are gone. */
    @Override
    public void onApplicationEnd(SparkListenerApplicationEnd end) {
        CORES.clear();
    }

    /**
     * Waits for the executors that the settings promise, or until no more arrive.
     *
     * @return the number of tasks that can run at once
     * @throws JobFailure if no executor registers within a minute
     */
    public static int await(SparkConf conf) {
        int promised = promisedExecutors(conf);
        long started = System.currentTimeMillis();
        long settled = started;
        int slots = 0;
        while (System.currentTimeMillis() - started < LIMIT_MILLIS) {
            int now = now(conf);
            if (promised > 0 && CORES.size() >= promised) {
                return now;
            }
            if (now != slots) {
                slots = now;
                settled = System.currentTimeMillis();
            }
            boolean patient = promised > 0 || slots == 0;
            if (!patient && System.currentTimeMillis() - settled > SETTLE_MILLIS) {
                return slots;
            }
            pause();
        }
        if (slots == 0) {
            throw JobFailure.cluster("Cannot train: no executor with spark.task.cpus=" + taskCpus(conf)
                    + " cores registered within " + LIMIT_MILLIS / 1000
                    + " s; look at the cluster manager's queue and the executors' logs");
        }
        return slots;
    }

    /** The number of tasks that can run at once now. */
    static int now(SparkConf conf) {
        int taskCpus = taskCpus(conf);
        int gpus = gpuSlots(conf);
        return CORES.values().stream()
                .mapToInt(cores -> Math.min(cores / taskCpus, gpus))
                .sum();
    }

    /** Whether the executor of this id is there, as far as Spark knows. */
    static boolean has(String executor) {
        return CORES.containsKey(executor);
    }

    /** A stage begins: how long slots have been short counts from now on. */
    static void forgetShortage() {
        shortSinceMillis = NEVER;
    }

    /**
     * Whether there have been fewer than {@code wanted} slots for as long as a timeout, whatever executors came and went
     * meanwhile: one that fails soon after each of its starts must not be waited for without end.
     */
    static boolean isShortSince(SparkConf conf, int wanted, Duration timeout) {
        if (now(conf) >= wanted) {
            shortSinceMillis = NEVER;
            return false;
        }
        long now = System.currentTimeMillis();
        shortSinceMillis = Math.min(shortSinceMillis, now);
        return now - shortSinceMillis >= timeout.toMillis();
    }

    /** Waits for {@code wanted} slots, until executors that were lost have not been replaced within a timeout. */
    static int awaitReplacement(SparkConf conf, int wanted, Duration timeout) {
        while (now(conf) < wanted && !isShortSince(conf, wanted, timeout)) {
            pause();
        }
        return now(conf);
    }

    private static int taskCpus(SparkConf conf) {
        return conf.getInt("spark.task.cpus", 1);
    }

    /** The number of executors that the settings promise, or 0 where they leave it open. */
    private static int promisedExecutors(SparkConf conf) {
        Matcher local = LOCAL_CLUSTER.matcher(conf.get("spark.master", ""));
        if (local.matches()) {
            return Integer.parseInt(local.group(1));
        }
        return conf.getInt("spark.executor.instances", 0);
    }

    /** The number of tasks that one executor has GPUs for; no bound where tasks take none. */
    static int gpuSlots(SparkConf conf) {
        double task = conf.getDouble("spark.task.resource.gpu.amount", 0);
        return task <= 0 ? Integer.MAX_VALUE : (int) (conf.getInt("spark.executor.resource.gpu.amount", 0) / task);
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new JobFailure(
                    org.sandglass.job.failure.ExitCode.OTHER, "Interrupted while waiting for executors", e);
        }
    }
}
