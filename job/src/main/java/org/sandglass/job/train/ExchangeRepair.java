package org.sandglass.job.train;

import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.sandglass.job.data.Exchange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes again what a loss took of an epoch's exchange, in a job of its own, on the executors that are left: while the lost one
 * is being replaced they have nothing else to do. What fails shows again when the exchange is needed. Used by one thread.
 */
final class ExchangeRepair {

    private static final Logger LOG = LoggerFactory.getLogger(ExchangeRepair.class);

    private final JavaSparkContext spark;
    private final String group;
    private final CompletableFuture<Void> done;

    private ExchangeRepair(JavaSparkContext spark, String group, CompletableFuture<Void> done) {
        this.spark = spark;
        this.group = group;
        this.done = done;
    }

    /** @param group a name that no other job has at the time */
    static ExchangeRepair start(JavaSparkContext spark, JavaPairRDD<Long, byte[]> exchange, String group) {
        CompletableFuture<Void> done = CompletableFuture.runAsync(
                () -> {
                    String description = "what is lost of the exchange";
                    spark.setCallSite(description);
                    spark.setJobGroup(group, description);
                    Exchange.run(exchange);
                },
                ExchangeRepair::start);
        return new ExchangeRepair(spark, group, done);
    }

    /** Waits until it is done, or has waited too long for executors. */
    void finish(Gang gang) {
        SlotWatch watch = gang.watch(group);
        try {
            done.join();
        } catch (CompletionException | CancellationException e) {
            LOG.info("Cannot repair an exchange now", e);
        } finally {
            watch.close();
        }
    }

    /** Ends it: the exchange will be another one. */
    void cancel(Gang gang) {
        spark.cancelJobGroup(group);
        finish(gang);
    }

    private static void start(Runnable repair) {
        Thread thread = new Thread(repair, "sandglass-repair");
        thread.setDaemon(true);
        thread.start();
    }
}
