package org.sandglass.job.data;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageTransform;
import scala.Tuple2;

/**
 * A task's share of an epoch as microbatches that are ready for the network, decoded ahead on a pool of threads.
 *
 * <p>Memory is bounded: {@code prefetch + 1} buffers of images are recycled, and only their samples are held encoded.
 * The exchange is read by the calling thread, in {@link #next}; a microbatch is valid until the next call. For one
 * thread, except that any thread may close it, which stops the pool and ends a wait at once.
 */
public final class ShardIterator implements Iterator<Microbatch>, AutoCloseable {

    private final SampleFeed feed;
    private final ImageTransform transform;
    private final ShardOptions options;
    private final DecodingPool pool;
    private final Queue<ImageMemory> free = new ArrayDeque<>();
    private final Queue<MicrobatchDecoding> ahead = new ArrayDeque<>();
    private @Nullable ImageMemory lent;
    private long exchangeNanos;
    private volatile boolean closed;

    private ShardIterator(
            SampleFeed feed, int batchSize, ImageTransform transform, int imageSize, ShardOptions options) {
        this.feed = feed;
        this.transform = transform;
        this.options = options;
        for (int i = 0; i <= options.prefetch(); i++) {
            free.add(ImageMemory.of(batchSize, imageSize, transform, options.levels()));
        }
        this.pool = new DecodingPool(options.threads());
    }

    /** The whole epoch: see {@link #training(Iterator, EpochPlan, WorkerDeal, int, long, ImageTransform, int, ShardOptions)}. */
    public static ShardIterator training(
            Iterator<Tuple2<Long, byte[]>> samples,
            EpochPlan plan,
            WorkerDeal deal,
            int task,
            ImageTransform transform,
            int imageSize,
            ShardOptions options) {
        return training(samples, plan, deal, task, 0, transform, imageSize, options);
    }

    /**
     * For every iteration, every worker of the task in order: its microbatch, also where that is empty.
     *
     * @param samples partition {@code task} of {@link Exchange#shuffle}
     * @param fromIteration where to begin; the samples of earlier iterations are dropped
     * @param imageSize width and height that the transform makes
     */
    public static ShardIterator training(
            Iterator<Tuple2<Long, byte[]>> samples,
            EpochPlan plan,
            WorkerDeal deal,
            int task,
            long fromIteration,
            ImageTransform transform,
            int imageSize,
            ShardOptions options) {
        SampleFeed feed = new TrainingFeed(samples, plan, deal, task, fromIteration);
        int batchSize = plan.samplesOf(0, 0);
        return new ShardIterator(feed, batchSize, transform, imageSize, options);
    }

    /**
     * Batches in the order of ids, the last one smaller.
     *
     * @param samples a partition of {@link Exchange#inOrder}
     */
    public static ShardIterator evaluation(
            Iterator<Tuple2<Long, byte[]>> samples,
            int batchSize,
            ImageTransform transform,
            int imageSize,
            ShardOptions options) {
        return new ShardIterator(new EvaluationFeed(samples, batchSize), batchSize, transform, imageSize, options);
    }

    @Override
    public boolean hasNext() {
        return !closed && (!ahead.isEmpty() || feed.hasNext());
    }

    /**
     * Takes the next microbatch, and more samples out of the exchange.
     *
     * @throws JobFailure (data) naming id, file, row and reason of a corrupt image, unless those are skipped
     * @throws IllegalStateException if the exchange brought other samples than the plan's, or one twice, or too few;
     *     or if this was closed meanwhile
     */
    @Override
    public Microbatch next() {
        if (!hasNext()) {
            throw new NoSuchElementException("No more microbatches");
        }
        if (lent != null) {
            free.add(lent);
            lent = null;
        }
        decodeAhead();
        MicrobatchDecoding decoding = ahead.remove();
        try {
            Microbatch microbatch = decoding.await(options, () -> closed);
            lent = decoding.images();
            return microbatch;
        } catch (InterruptedException e) {
            close();
            Thread.currentThread().interrupt();
            throw new JobFailure(ExitCode.OTHER, "Cannot go on: interrupted while waiting for images", e);
        }
    }

    /** The time in which the calling thread took samples out of the exchange, without waiting for them to be decoded. */
    public long exchangeNanos() {
        return exchangeNanos;
    }

    @Override
    public void close() {
        closed = true;
        pool.close();
    }

    private void decodeAhead() {
        while (feed.hasNext()) {
            ImageMemory images = free.poll();
            if (images == null) {
                return;
            }
            long asked = System.nanoTime();
            SampleFeed.Draft draft = feed.next();
            exchangeNanos += System.nanoTime() - asked;
            MicrobatchDecoding decoding = new MicrobatchDecoding(feed, draft, transform, images);
            decoding.start(pool);
            ahead.add(decoding);
        }
    }
}
