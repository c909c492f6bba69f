package org.sandglass.job.train;

import java.io.Serial;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.sandglass.job.bench.Inputs;
import org.sandglass.job.bench.MadeUpInputs;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.job.data.ShardIterator;
import org.sandglass.job.data.WorkerDeal;
import org.sandglass.job.plan.Calibration;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.device.DeviceKind;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.SgdUpdate;
import org.sandglass.ops.image.ImageTransform;
import org.sandglass.ops.image.RgbImage;
import scala.Tuple2;

/**
 * Measures what a plan rests on, by all tasks at once as in training: decoding, steps without communication, and sums.
 *
 * @param plan of an epoch in which each task has one worker
 */
record CalibrationWork(EpochPlan plan, SampleLocator locator) implements WorkerStage.Work {

    @Serial
    private static final long serialVersionUID = 1L;

    private static final int WARMUP = 3;
    private static final int TIMES = 11;
    private static final long DECODE_WARMUP_NANOS = 2_000_000_000;
    private static final long DECODE_NANOS = 3_000_000_000L;

    /** Hardly moves the weights: what is measured does not depend on where training is. */
    private static final SgdUpdate UPDATE = new SgdUpdate(SgdUpdate.Form.VELOCITY_SCALED, 1e-6, 0.9, 1, 1e-4, true);

    @Override
    public TaskOutcome run(Worker worker, Iterator<Tuple2<Long, byte[]>> samples) {
        int rank = worker.communicator().rank();
        worker.invalidateState();
        double decoding = decodePerCore(worker, samples);
        List<Calibration.Step> steps = steps(worker);
        Calibration.Task measured = new Calibration.Task(
                SparkEnv.get().blockManager().blockManagerId().host(),
                worker.device().kind() == DeviceKind.CPU,
                steps,
                sum(
                        worker.communicator(),
                        Math.toIntExact(worker.buffers().layout().gradientLength())),
                sum(worker.communicator(), Calibration.SMALL_BYTES / Float.BYTES),
                decoding);
        return TaskOutcome.measured(rank, measured);
    }

    private double decodePerCore(Worker worker, Iterator<Tuple2<Long, byte[]>> samples) {
        ImageTransform transform = ImageTransform.training(worker.recipe().augmentation());
        int rank = worker.communicator().rank();
        WorkerDeal deal = new WorkerDeal(plan.workers(), worker.communicator().worldSize());
        int size = worker.recipe().augmentation().size();
        try (ShardIterator shard =
                ShardIterator.training(samples, plan, deal, rank, transform, size, worker.shardOptions(locator))) {
            // What is decoded ahead when the clock is started, is decoded ahead when it is stopped, too.
            long warm = plan.iterations() / 2;
            long start = System.nanoTime();
            for (long i = 0; i < warm && System.nanoTime() - start < DECODE_WARMUP_NANOS; i++) {
                shard.next();
            }
            long images = 0;
            start = System.nanoTime();
            while (shard.hasNext() && System.nanoTime() - start < DECODE_NANOS) {
                images += shard.next().count();
            }
            return images / seconds(start) / worker.threads();
        }
    }

    private static List<Calibration.Step> steps(Worker worker) {
        int n = worker.recipe().training().perWorkerBatchSize();
        int size = worker.recipe().augmentation().size();
        Inputs inputs = new MadeUpInputs(n, RgbImage.CHANNELS * size * size, worker.classes());
        Executable executable = worker.training(n);
        List<Calibration.Step> steps = new ArrayList<>();
        for (int i = 0; i < WARMUP + TIMES; i++) {
            worker.communicator().barrier();
            Calibration.Step step = step(worker, executable, inputs);
            if (i >= WARMUP) {
                steps.add(step);
            }
        }
        return steps;
    }

    private static Calibration.Step step(Worker worker, Executable executable, Inputs inputs) {
        worker.buffers().gradients().clear();
        worker.device().synchronize();
        long start = System.nanoTime();
        executable.load(inputs.images(), inputs.labels());
        executable.forward();
        executable.result();
        double forward = seconds(start);
        start = System.nanoTime();
        executable.backward(1.0 / inputs.labels().length, GradientListener.NONE);
        worker.device().synchronize();
        double backward = seconds(start);
        start = System.nanoTime();
        worker.device()
                .update(
                        UPDATE,
                        worker.buffers(),
                        worker.momentum(),
                        0,
                        worker.momentum().elements());
        worker.device().synchronize();
        return new Calibration.Step(forward, backward, seconds(start));
    }

    /** The median of the seconds that a sum of so many zeros takes. */
    private static double sum(Communicator communicator, int length) {
        FloatBuffer vector = floats(length);
        double[] times = new double[WARMUP + TIMES];
        for (int i = 0; i < times.length; i++) {
            communicator.barrier();
            long start = System.nanoTime();
            communicator.allReduce(vector).await();
            times[i] = seconds(start);
        }
        double[] sorted = Arrays.copyOfRange(times, WARMUP, times.length);
        Arrays.sort(sorted);
        return sorted[TIMES / 2];
    }

    private static FloatBuffer floats(int length) {
        return ByteBuffer.allocateDirect(Math.multiplyExact(length, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
