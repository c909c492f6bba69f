package org.sandglass.job.train;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.AuditReport;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.Microbatch;
import org.sandglass.job.data.SampleAudit;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.job.data.ShardIterator;
import org.sandglass.job.data.WorkerDeal;
import org.sandglass.job.report.IterationMetrics;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.NetworkBuffers;
import org.sandglass.ops.gradient.BucketPlan;
import org.sandglass.ops.gradient.BucketReducer;
import org.sandglass.ops.image.ImageTransform;
import org.sandglass.ops.optim.LearningRate;
import org.sandglass.ops.optim.Sgd;
import scala.Tuple2;

/**
 * One epoch at one rank: for every global minibatch the microbatches of this rank's workers one after another, the sum
 * over all ranks, and the update (Goyal et al., sections 2 to 4).
 */
final class TrainingLoop {

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
    private final LearningRate learningRate;
    private final Sgd sgd;
    private final RunningStatistics statistics;
    private final Counters counters = new Counters();
    private final SampleAudit audit;
    private final List<IterationMetrics> logged = new ArrayList<>();
    private TaskOutcome.Totals totals = TaskOutcome.Totals.NONE;
    private String divergence = "";
    private long progressSent;

    TrainingLoop(Worker worker, EpochPlan plan, SampleLocator locator) {
        this.locator = locator;
        this.worker = worker;
        this.plan = plan;
        this.recipe = worker.recipe();
        this.buffers = worker.buffers();
        this.deal = new WorkerDeal(plan.workers(), worker.communicator().worldSize());
        this.reducer = bucketReducer(worker);
        this.learningRate = recipe.learningRate().schedule(plan.globalBatchSize());
        this.sgd = recipe.optimizer().sgd();
        this.statistics = new RunningStatistics(buffers);
        this.audit = new SampleAudit(plan.samples());
    }

    /** Trains the epoch; returns false when the loss has stopped being a number, at every rank alike. */
    boolean run(Iterator<Tuple2<Long, byte[]>> samples) {
        int rank = worker.communicator().rank();
        ImageTransform transform = ImageTransform.training(recipe.augmentation());
        try (ShardIterator shard = ShardIterator.training(
                samples, plan, deal, rank, transform, recipe.augmentation().size(), worker.shardOptions(locator))) {
            for (long iteration = 0; iteration < plan.iterations(); iteration++) {
                long started = System.nanoTime();
                gradients(shard, iteration);
                long waited = reducer.finish();
                counters.readFrom(buffers.gradients());
                if (!Double.isFinite(counters.totals().lossSum())) {
                    divergence = "Training diverged: the loss is "
                            + counters.totals().meanLoss() + " in epoch "
                            + (plan.epoch() + 1) + ", iteration " + iteration
                            + "; lower learningRate.reference, or warm up for longer";
                    return false;
                }
                if (counters.activeWorkers() > 0) {
                    update(iteration);
                    account(iteration, System.nanoTime() - started, waited);
                }
            }
        }
        return true;
    }

    private void gradients(ShardIterator shard, long iteration) {
        buffers.gradients().clear();
        counters.clear();
        reducer.begin();
        double lossScale = 1.0 / plan.samplesIn(iteration);
        int first = deal.firstWorker(worker.communicator().rank());
        int last = first + deal.workersOf(worker.communicator().rank()) - 1;
        boolean handedOver = false;
        for (int k = first; k <= last; k++) {
            Microbatch microbatch = shard.next();
            audit.add(microbatch);
            if (microbatch.count() > 0) {
                handedOver = k == last || plan.samplesOf(iteration, k + 1) == 0;
                train(microbatch, lossScale, handedOver);
            }
        }
        if (!handedOver) {
            counters.writeTo(buffers.gradients());
            reducer.statisticsReady();
        }
    }

    private void train(Microbatch microbatch, double lossScale, boolean complete) {
        Executable executable = worker.training(microbatch.count());
        executable.load(microbatch.images(), microbatch.labels());
        executable.forward();
        counters.add(executable.result(), microbatch.count());
        if (complete) {
            counters.writeTo(buffers.gradients());
            reducer.statisticsReady();
        }
        executable.backward(lossScale, complete ? reducer : GradientListener.NONE);
    }

    private void update(long iteration) {
        statistics.update(counters.activeWorkers());
        long global = globalIteration(iteration);
        double rate = learningRate.at(global, plan.iterations());
        double previous = learningRate.at(Math.max(0, global - 1), plan.iterations());
        sgd.step(worker.device(), buffers, worker.momentum(), rate, previous);
    }

    private void account(long iteration, long nanos, long waitedNanos) {
        TaskOutcome.Totals sums = counters.totals();
        totals = totals.plus(sums);
        double seconds = nanos / 1e9;
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
                    learningRate.at(global, plan.iterations()),
                    seconds,
                    imagesPerSecond,
                    (double) waitedNanos / nanos));
        }
        if (worker.communicator().rank() == 0 && System.nanoTime() - progressSent > PROGRESS_NANOS) {
            progressSent = System.nanoTime();
            ProgressPlugin.send(
                    new ProgressPlugin.Message(plan.epoch() + 1, iteration, sums.meanLoss(), imagesPerSecond));
        }
    }

    private long globalIteration(long iteration) {
        return plan.epoch() * plan.iterations() + iteration;
    }

    private static BucketReducer bucketReducer(Worker worker) {
        Device device = worker.device();
        BucketPlan plan = BucketPlan.of(
                worker.network().layout(), worker.recipe().collective().bucketBytes());
        return new BucketReducer(
                worker.communicator(),
                worker.buffers()
                        .gradients()
                        .hostView()
                        .orElseThrow(() -> new IllegalStateException(
                                "Cannot reduce gradients: " + device.description() + " keeps them to itself")),
                worker.network().layout(),
                plan,
                worker.recipe().collective().overlap(),
                device::record);
    }

    AuditReport audit() {
        return audit.report();
    }

    List<IterationMetrics> logged() {
        return logged;
    }

    TaskOutcome.Totals totals() {
        return totals;
    }

    String divergence() {
        return divergence;
    }
}
