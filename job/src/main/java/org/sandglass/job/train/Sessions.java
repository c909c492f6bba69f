package org.sandglass.job.train;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.data.KryoClasses;
import org.sandglass.job.failure.JobFailure;

/** Opens Spark with the settings that a gang of barrier tasks needs, leaving alone whatever the user has set. */
public final class Sessions {

    private Sessions() {}

    /**
     * Opens the session of this application.
     *
     * @throws JobFailure if a setting of the user's contradicts what training needs
     */
    public static SparkSession open(String name) {
        SparkConf conf = settings(name);
        refuse(conf, "spark.dynamicAllocation.enabled", "a barrier stage needs a fixed set of executors");
        refuse(conf, "spark.speculation", "a barrier stage cannot run a task twice");
        return SparkSession.builder().config(conf).getOrCreate();
    }

    /** The user's settings, and what the job sets where they are silent. */
    public static SparkConf settings(String name) {
        SparkConf conf = new SparkConf();
        conf.setIfMissing("spark.master", "local[*]");
        conf.setIfMissing("spark.app.name", name);
        // Delay scheduling may hold back a part of a barrier stage, which Spark answers by failing it.
        conf.setIfMissing("spark.locality.wait", "0s");
        conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
        conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", "10");
        conf.setIfMissing("spark.barrier.sync.timeout", "120");
        // A barrier stage that waits for an executor is offered it this soon.
        conf.setIfMissing("spark.scheduler.revive.interval", "200ms");
        // An executor that is frozen, or cut off, is given up after a minute, as a peer is (collective.timeout).
        conf.setIfMissing("spark.executor.heartbeatInterval", "5s");
        conf.setIfMissing("spark.storage.blockManagerHeartbeatTimeoutMs", "60s");
        conf.setIfMissing("spark.network.timeoutInterval", "5s");
        conf.setIfMissing("spark.executorEnv.OMP_NUM_THREADS", conf.get("spark.task.cpus", "1"));
        // OpenMP's threads spin while they wait, by default; decoding threads need the cores meanwhile.
        conf.setIfMissing("spark.executorEnv.OMP_WAIT_POLICY", "passive");
        KryoClasses.setIn(conf);
        append(conf, "spark.plugins", ProgressPlugin.class.getName());
        append(conf, "spark.plugins", GatheringPlugin.class.getName());
        append(conf, "spark.plugins", TrainingMetrics.class.getName());
        append(conf, "spark.extraListeners", ExecutorSlots.class.getName());
        return conf;
    }

    private static void refuse(SparkConf conf, String key, String why) {
        if (conf.getBoolean(key, false)) {
            throw JobFailure.cluster("Cannot run with " + key + "=true: " + why + "; set it to false");
        }
    }

    private static void append(SparkConf conf, String key, String className) {
        String present = conf.get(key, "");
        conf.set(key, present.isEmpty() ? className : present + "," + className);
    }
}
