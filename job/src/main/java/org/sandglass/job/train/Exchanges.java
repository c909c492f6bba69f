package org.sandglass.job.train;

import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.ExchangeSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.Exchange;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.data.WorkerDeal;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The exchanges of a run's epochs, at most two at a time: that of the epoch under way, and the next one's, which is made
 * while this one trains if the gang leaves slots to others.
 *
 * <p>An exchange that is made ahead reads the table by no more tasks than there are slots beside the gang, so that a
 * barrier stage always finds its slots free, whichever job was submitted first. Used by one thread.
 */
final class Exchanges implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Exchanges.class);
    private static final long POLL_MILLIS = 200;
    private static final int LAST_POLL = 150;

    private final JavaSparkContext spark;
    private final SampleTable table;
    private final Recipe recipe;
    private final Gang gang;
    private final @Nullable HostPacks packs;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(runnable -> {
        Thread made = new Thread(runnable, "sandglass-exchange");
        made.setDaemon(true);
        return made;
    });
    private @Nullable Exchanged current;
    private @Nullable Ahead next;
    private boolean saidThatNoSlotIsSpare;

    private record Exchanged(EpochPlan plan, int tasks, JavaPairRDD<Long, byte[]> samples) {
        boolean isFor(EpochPlan wanted, int ofTasks) {
            return plan.equals(wanted) && tasks == ofTasks;
        }

        /** Deletes its files. */
        void forget() {
            samples.rdd().cleanShuffleDependencies(false);
        }
    }

    private record Ahead(Exchanged exchange, String group, Future<?> made) {}

    Exchanges(JavaSparkContext spark, SampleTable table, Recipe recipe, Gang gang) {
        this.spark = spark;
        this.table = table;
        this.recipe = recipe;
        this.gang = gang;
        this.packs = recipe.exchange().mode() == ExchangeSettings.Mode.REFERENCES
                ? new HostPacks(
                        spark, table.pack(recipe.exchange().packDirectory().orElse(null)), gang)
                : null;
    }

    /**
     * The samples of an epoch, exchanged, or in the mode {@code REFERENCES} ready in every host's pack: what was made ahead, or what is left of it after a loss, is not made again.
     *
     * @throws Gang.Lost if executors were lost on the way
     * @throws JobFailure (data) if the table has an error that only reading it shows
     */
    JavaPairRDD<Long, byte[]> ready(EpochPlan plan) throws Gang.Lost {
        int tasks = gang.tasks();
        if (packs != null) {
            packs.complete(description(plan));
            return Exchange.references(spark, packs.order(), plan, new WorkerDeal(plan.workers(), tasks));
        }
        Exchanged found = current;
        if (found == null || !found.isFor(plan, tasks)) {
            forget();
            found = madeAhead(plan, tasks);
            if (found == null) {
                WorkerDeal deal = new WorkerDeal(plan.workers(), tasks);
                found = new Exchanged(plan, tasks, Exchange.shuffle(table, plan, deal));
            }
            current = found;
        }
        JavaPairRDD<Long, byte[]> samples = found.samples();
        return gang.jobs(description(plan), () -> {
            Exchange.run(samples);
            return samples;
        });
    }

    /** Begins with the exchange of the epoch that comes next, if that is wanted and there are slots for it. */
    void prepare(EpochPlan plan) {
        int tasks = gang.tasks();
        if (packs != null
                || !recipe.exchange().ahead()
                || (next != null && next.exchange().isFor(plan, tasks))) {
            return;
        }
        abandon();
        int spare = gang.spareSlots();
        if (spare == 0) {
            if (!saidThatNoSlotIsSpare) {
                saidThatNoSlotIsSpare = true;
                LOG.info(
                        "Every exchange runs before its epoch (exchange.ahead): training takes all {} slots; with more"
                                + " cores than tasks × spark.task.cpus, or fewer training.tasks, it would run beside it",
                        tasks);
            }
            return;
        }
        WorkerDeal deal = new WorkerDeal(plan.workers(), tasks);
        Exchanged exchange = new Exchanged(plan, tasks, Exchange.shuffleAside(table, plan, deal, spare));
        String group = gang.name() + "-ahead-" + plan.epoch();
        next = new Ahead(exchange, group, thread.submit(() -> {
            String description = description(plan) + ", ahead";
            spark.setCallSite(description);
            spark.setJobGroup(group, description);
            Exchange.run(exchange.samples());
        }));
    }

    /** Gives up what is being made ahead, which after a loss may hold slots that the gang needs. */
    void abandon() {
        Ahead abandoned = next;
        next = null;
        if (abandoned == null) {
            return;
        }
        // The job may not have been submitted yet: it is told again until it has ended.
        for (int poll = 0; poll < LAST_POLL && !abandoned.made().isDone(); poll++) {
            spark.cancelJobGroup(abandoned.group());
            try {
                abandoned.made().get(POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (ExecutionException | TimeoutException e) {
                LOG.debug("Abandoning an exchange", e);
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
        abandoned.exchange().forget();
    }

    /** That of the epoch under way, if anything travels in it. */
    Optional<JavaPairRDD<Long, byte[]>> current() {
        return Optional.ofNullable(current).map(Exchanged::samples);
    }

    /** Deletes the files of the exchange of the epoch under way. */
    void forget() {
        if (current != null) {
            current.forget();
            current = null;
        }
    }

    @Override
    public void close() {
        if (!spark.sc().isStopped()) {
            abandon();
            forget();
            if (packs != null && !recipe.exchange().keepPacks()) {
                packs.delete();
            }
        }
        thread.shutdownNow();
    }

    private @Nullable Exchanged madeAhead(EpochPlan plan, int tasks) {
        Ahead ahead = next;
        if (ahead == null || !ahead.exchange().isFor(plan, tasks)) {
            abandon();
            return null;
        }
        SlotWatch watch = gang.watch(ahead.group());
        try {
            ahead.made().get();
            next = null;
            return ahead.exchange();
        } catch (ExecutionException | CancellationException e) {
            // What is wrong with the table, if anything, shows again when the exchange is made again.
            LOG.warn("An exchange that was made ahead was lost: epoch {}", plan.epoch() + 1, e);
            abandon();
            return null;
        } catch (InterruptedException e) {
            throw interrupted(e);
        } finally {
            watch.close();
        }
    }

    private String description(EpochPlan plan) {
        return "epoch " + (plan.epoch() + 1) + " of " + recipe.training().epochs() + ": exchange";
    }

    private static JobFailure interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new JobFailure(ExitCode.OTHER, "Interrupted while waiting for an exchange", e);
    }
}
