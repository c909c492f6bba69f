package org.sandglass.job.train;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.AuditReport;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.Microbatch;
import org.sandglass.job.data.SampleAudit;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.job.data.ShardIterator;
import org.sandglass.job.data.ShardOptions;
import org.sandglass.job.data.WorkerDeal;
import org.sandglass.job.report.IterationMetrics;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.gradient.BucketReducer;
import org.sandglass.ops.gradient.GradientBucket;
import org.sandglass.ops.image.ImageTransform;
import org.sandglass.ops.optim.LossScale;
import org.sandglass.ops.optim.Sgd;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import scala.Tuple2;

/**
 * One epoch at one rank: for every global minibatch the microbatches of this rank's workers one after another, the sum
 * over all ranks, and the update (Goyal et al., sections 2 to 4).
 */
final class TrainingLoop {

    private static final Logger LOG = LoggerFactory.getLogger(TrainingLoop.class);
    private static final long LOGGED_PER_EPOCH = 500;
    private static final long ALWAYS_LOGGED = 100;
    private static final long PROGRESS_NANOS = 300_000_000;

    private final Worker worker;
    private final EpochPlan plan;
    private final SampleLocator locator;
    private final WorkerDeal deal;
    private final Recipe recipe;
    private final NetworkBuffers buffers;
    private final BucketReducer reducer;
    private final StepRule steps;
    private final Sgd sgd;
    private final RunningStatistics statistics;
    private final Counters counters = new Counters();
    private final SampleAudit audit;
    private final EpochSnapshots snapshots;
    private final EpochProgress start;
    private final long firstIteration;
    private final List<IterationMetrics> logged;
    private final long startedNanos = System.nanoTime();
    private TaskOutcome.Totals totals;
    private String divergence = "";
    private long progressSent;
    private int told;
    private long nanos;
    private long waitedNanos;
    private long lagNanos;
    private long exchangeNanos;

    /** A loop that begins with the state that the worker has, which may be in the middle of the epoch. */
    TrainingLoop(Worker worker, EpochPlan plan, SampleLocator locator, EpochSnapshots snapshots) {
        this.locator = locator;
        this.worker = worker;
        this.plan = plan;
        this.recipe = worker.recipe();
        this.buffers = worker.buffers();
        this.deal = new WorkerDeal(plan.workers(), worker.communicator().worldSize());
        this.reducer = worker.peers().reducer();
        this.steps = new StepRule(recipe, plan);
        this.sgd = recipe.optimizer().sgd();
        this.statistics = new RunningStatistics(buffers);
        this.audit = new SampleAudit(plan.samples());
        this.snapshots = snapshots;
        this.start = worker.progress();
        this.firstIteration = worker.stamp().iterations() - globalIteration(0);
        this.logged = new ArrayList<>(start.logged());
        this.totals = start.totals();
    }

    /** Trains the epoch to its end; returns false when the loss has stopped being a number, at every rank alike. */
    boolean run(Iterator<Tuple2<Long, byte[]>> samples) {
        int rank = worker.communicator().rank();
        ImageTransform transform = ImageTransform.training(recipe.augmentation());
        int imageSize = recipe.augmentation().size();
        ShardOptions options = worker.shardOptions(locator);
        snapshots.begin();
        worker.invalidateState();
        try (ShardIterator shard =
                ShardIterator.training(samples, plan, deal, rank, firstIteration, transform, imageSize, options)) {
            for (long iteration = firstIteration; iteration < plan.iterations(); iteration++) {
                if (TaskContext.get().isInterrupted()) {
                    throw new PeerFailure("stopped by the driver");
                }
                long started = System.nanoTime();
                declarePlace(iteration);
                gradients(shard, iteration);
                long current = iteration;
                long waited = reducer.finish(worker.device().record(), bucket -> update(bucket, current));
                if (!Double.isFinite(counters.totals().lossSum())) {
                    divergence = "Training diverged: the loss is "
                            + counters.totals().meanLoss() + " in epoch "
                            + (plan.epoch() + 1) + ", iteration " + iteration
                            + "; lower learningRate.reference, or warm up for longer";
                    return false;
                }
                if (worker.scalesLosses() && counters.activeWorkers() > 0 && !stepUnlessOverflown(iteration)) {
                    return false;
                }
                if (counters.activeWorkers() > 0) {
                    statistics.update(counters.activeWorkers());
                    account(iteration, System.nanoTime() - started, waited);
                }
                if (counters.snapshotRequested()) {
                    snapshots.take(iteration, progress());
                }
            }
            exchangeNanos = shard.exchangeNanos();
        }
        return true;
    }

    private void gradients(ShardIterator shard, long iteration) {
        buffers.gradients().clear();
        counters.clear();
        if (worker.communicator().rank() == 0 && snapshots.isDue(iteration)) {
            counters.requestSnapshot();
        }
        lagNanos = 0;
        reducer.begin();
        int first = deal.firstWorker(worker.communicator().rank());
        int last = first + deal.workersOf(worker.communicator().rank()) - 1;
        boolean handedOver = false;
        for (int k = first; k <= last; k++) {
            long asked = System.nanoTime();
            Microbatch microbatch = shard.next();
            lagNanos += System.nanoTime() - asked;
            audit.add(microbatch);
            if (microbatch.count() > 0) {
                handedOver = k == last || plan.samplesOf(iteration, k + 1) == 0;
                train(microbatch, steps.lossScale(iteration, k), handedOver);
            }
        }
        if (!handedOver) {
            counters.writeTo(buffers.gradients());
            reducer.statisticsReady();
        }
    }

    private void train(Microbatch microbatch, double lossScale, boolean complete) {
        Executable executable = worker.training(microbatch.count());
        executable.scaleSamples(worker.lossScale().scale());
        microbatch.loadInto(executable);
        executable.forward();
        BatchResult result = executable.result();
        counters.add(result, microbatch.count());
        worker.count(microbatch.count(), result.lossSum());
        if (complete) {
            counters.writeTo(buffers.gradients());
            reducer.statisticsReady();
        }
        executable.backward(lossScale, complete ? reducer : GradientListener.NONE);
    }

    /**
     * Updates the weights of a bucket that has been summed, while others are under way; the first one has the counters. In f16
     * all sums decide whether there is a step.
     */
    private void update(GradientBucket bucket, long iteration) {
        if (bucket.offset() == 0) {
            counters.readFrom(buffers.gradients());
        }
        if (worker.scalesLosses()
                || counters.activeWorkers() == 0
                || !Double.isFinite(counters.totals().lossSum())) {
            return;
        }
        long weights = firstGradient();
        step(iteration, Math.max(0, bucket.offset() - weights), bucket.end() - weights);
    }

    /** Where the weights' gradients begin in the gradient vector. */
    private long firstGradient() {
        FlatLayout layout = buffers.layout();
        return layout.gradientLength() - layout.weightsLength();
    }

    private void step(long iteration, long from, long to) {
        double rate = steps.rate(iteration);
        double previous = steps.previousRate(iteration, worker.lossScale().skipped());
        sgd.step(worker.device(), buffers, worker.momentum(), rate, previous, from, to);
    }

    /** The step of f16, at every rank alike; returns false if gradients overflow at any scale. */
    private boolean stepUnlessOverflown(long iteration) {
        LossScale scale = worker.lossScale();
        long weights = buffers.layout().weightsLength();
        boolean finite = worker.device().isFinite(buffers.gradients(), firstGradient(), weights);
        if (finite) {
            step(iteration, 0, weights);
        } else if (scale.scale() == LossScale.LEAST) {
            divergence = "Training diverged: gradients overflow f16 at any loss scale in epoch " + (plan.epoch() + 1)
                    + ", iteration " + iteration + "; lower learningRate.reference, or take bf16 or f32";
            return false;
        } else {
            totals = totals.withSkippedStep();
            if (worker.communicator().rank() == 0) {
                LOG.info("Gradients overflow f16 at a loss scale of {}: the step is skipped", scale.scale());
            }
        }
        worker.lossScale(scale.after(finite));
        return true;
    }

    private void account(long iteration, long took, long waited) {
        TaskOutcome.Totals sums = counters.totals();
        totals = totals.plus(sums);
        if (nanos == 0) {
            LOG.info(
                    "Rank {} trained its first iteration in {} ms",
                    worker.communicator().rank(),
                    took / 1_000_000);
        }
        nanos += took;
        waitedNanos += waited;
        double seconds = took / 1e9;
        double imagesPerSecond = sums.samples() / seconds;
        long global = globalIteration(iteration);
        long stride = Math.max(1, plan.iterations() / LOGGED_PER_EPOCH);
        if (global < ALWAYS_LOGGED || iteration % stride == 0 || iteration == plan.iterations() - 1) {
            logged.add(new IterationMetrics(
                    plan.epoch() + 1,
                    global,
                    sums.samples(),
                    sums.meanLoss(),
                    sums.top1Error(),
                    steps.rate(iteration),
                    seconds,
                    imagesPerSecond,
                    (double) waited / took));
        }
        TrainingMetrics.note(new TrainingMetrics.Sample(
                plan.epoch() + 1, global, imagesPerSecond, sums.meanLoss(), (double) waited / took, lagNanos / 1e9));
        if (worker.communicator().rank() == 0 && System.nanoTime() - progressSent > PROGRESS_NANOS) {
            progressSent = System.nanoTime();
            TrainingMetrics.publish();
            ProgressPlugin.send(new ProgressPlugin.Message(
                    snapshots.attempt(),
                    plan.epoch() + 1,
                    iteration,
                    sums.meanLoss(),
                    imagesPerSecond,
                    List.copyOf(logged.subList(told, logged.size()))));
            told = logged.size();
        }
    }

    /** For the lines of the log, of this thread. */
    private void declarePlace(long iteration) {
        MDC.put("epoch", String.valueOf(plan.epoch() + 1));
        MDC.put("iteration", String.valueOf(globalIteration(iteration)));
    }

    /** Ends what {@link #declarePlace} began. */
    static void forgetPlace() {
        MDC.remove("epoch");
        MDC.remove("iteration");
    }

    private long globalIteration(long iteration) {
        return plan.epoch() * plan.iterations() + iteration;
    }

    /** How far the epoch has come at all ranks together; every rank takes part. */
    private EpochProgress progress() {
        double seconds = start.seconds() + (System.nanoTime() - startedNanos) / 1e9;
        return new EpochProgress(AuditSum.over(worker.communicator(), audit()), totals, logged, seconds);
    }

    /** What this rank trained on; for rank 0 also what led to the state that the loop began with. */
    AuditReport audit() {
        AuditReport own = audit.report();
        return worker.communicator().rank() == 0 ? own.plus(start.audit()) : own;
    }

    List<IterationMetrics> logged() {
        return logged;
    }

    TaskOutcome.Totals totals() {
        return totals;
    }

    /** Share of the iterations' time in which this thread waited for the all-reduce. */
    double exposedCommunication() {
        return nanos == 0 ? 0 : (double) waitedNanos / nanos;
    }

    /** Time since this loop began. */
    double trainingSeconds() {
        return (System.nanoTime() - startedNanos) / 1e9;
    }

    /** Time in which this thread took samples out of the exchange. */
    double exchangeSeconds() {
        return exchangeNanos / 1e9;
    }

    String divergence() {
        return divergence;
    }
}
