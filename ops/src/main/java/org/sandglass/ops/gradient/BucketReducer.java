package org.sandglass.ops.gradient;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.collective.PendingOperation;
import org.sandglass.ops.device.Device;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.GradientListener;
import org.sandglass.ops.device.HostMirror;
import org.sandglass.ops.device.Parameter;

/**
 * Sums the gradient vector over all ranks, bucket by bucket, while backward is still at work on the next ones.
 *
 * <p>An iteration is {@link #begin}, {@link #statisticsReady}, {@link #gradientReady} for every parameter, {@link
 * #finish}; one that has nothing to contribute is {@link #begin} and {@link #finish}. Buckets are handed over in the
 * order of the plan, whatever the timing, so that all ranks start the same operations in the same order. A bucket's way from
 * the device is queued with its last gradient, and its sum is started as soon as somebody finds that it has come: at the next
 * gradient, or when finishing, so that whoever queues backward never waits for the device. Its way back is queued when all are
 * on the way, so that all ranks queue both ways in the same order. Without overlap all are handed over at the end. Counters and
 * statistics are never rounded on the way. Belongs to the thread that runs backward. Source: Goyal et al., section 4.
 */
public final class BucketReducer implements GradientListener {
    private static final long PAUSE_NANOS = 20_000;

    private final Communicator communicator;
    private final List<Parameter> parameters;
    private final List<GradientBucket> buckets;
    private final List<FloatBuffer> slices = new ArrayList<>();
    private final HostMirror vector;
    private final boolean overlap;
    private final List<Device.Event> fetched = new ArrayList<>();
    private final List<PendingOperation> pending = new ArrayList<>();
    private boolean open;
    private boolean statisticsReady;
    private int gradientsReady;

    /**
     * @param vector the whole gradient vector as the host sees it
     */
    public BucketReducer(
            Communicator communicator, HostMirror vector, FlatLayout layout, BucketPlan plan, boolean overlap) {
        FloatBuffer floats = vector.floats();
        long planned = plan.buckets().isEmpty()
                ? 0
                : plan.buckets().get(plan.buckets().size() - 1).end();
        if (floats.remaining() != layout.gradientLength() || planned != layout.gradientLength()) {
            throw new IllegalArgumentException("Cannot reduce gradients: the layout has " + layout.gradientLength()
                    + " elements, the vector " + floats.remaining() + ", the plan " + planned);
        }
        this.communicator = communicator;
        this.parameters = layout.parameters();
        this.buckets = plan.buckets();
        this.overlap = overlap;
        this.vector = vector;
        for (GradientBucket bucket : buckets) {
            slices.add(floats.slice(
                    floats.position() + Math.toIntExact(bucket.offset()), Math.toIntExact(bucket.length())));
        }
    }

    /** Begins an iteration. */
    public void begin() {
        if (open) {
            throw new IllegalStateException("Cannot begin an iteration: the last one is not finished");
        }
        open = true;
        statisticsReady = false;
        gradientsReady = 0;
        fetched.clear();
        pending.clear();
    }

    /** Says that counters and batch statistics are complete. */
    public void statisticsReady() {
        checkOpen("take statistics");
        statisticsReady = true;
        handOverWhatIsReady();
    }

    @Override
    public void gradientReady(Parameter parameter) {
        checkOpen("take the gradient of " + parameter.name());
        if (!statisticsReady) {
            throw new IllegalStateException(
                    "Cannot take the gradient of " + parameter.name() + ": counters and statistics come first");
        }
        if (gradientsReady == parameters.size()
                || !parameters.get(gradientsReady).equals(parameter)) {
            throw new IllegalStateException("Cannot take the gradient of " + parameter.name() + ": it is "
                    + (gradientsReady == parameters.size()
                            ? "one too many"
                            : parameters.get(gradientsReady).name() + "'s turn"));
        }
        gradientsReady++;
        handOverWhatIsReady();
    }

    /**
     * Hands over what is left, and waits until the gradient vector holds the sums.
     *
     * @return nanoseconds spent waiting
     * @throws PeerFailure if a sum could not be completed
     */
    public long finish() {
        return finish(Device.Event.DONE, bucket -> {});
    }

    /**
     * As {@link #finish()}; meanwhile shows each bucket that has been summed, in the order of the plan, while those after
     * it are still under way.
     *
     * @param computed when the device is done with backward, until when waiting is not for sums
     * @param summed called by this thread; the bucket's part of the gradient vector is its own until the next iteration
     * @return nanoseconds spent waiting for sums, without what {@code summed} takes
     * @throws PeerFailure if a sum could not be completed
     */
    public long finish(Device.Event computed, Consumer<GradientBucket> summed) {
        checkOpen("finish");
        if (gradientsReady > 0 && gradientsReady < parameters.size()) {
            throw new IllegalStateException("Cannot finish: the gradient of "
                    + parameters.get(gradientsReady).name() + " is missing");
        }
        open = false;
        while (fetched.size() < buckets.size()) {
            fetch();
        }
        long waited = 0;
        while (pending.size() < buckets.size()) {
            Device.Event next = fetched.get(pending.size());
            while (!next.isDone() && !computed.isDone()) {
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            long start = System.nanoTime();
            next.await();
            handOver();
            waited += System.nanoTime() - start;
        }
        for (int i = 0; i < buckets.size(); i++) {
            long start = System.nanoTime();
            pending.get(i).await();
            waited += System.nanoTime() - start;
            vector.store(buckets.get(i).offset(), buckets.get(i).length());
            summed.accept(buckets.get(i));
        }
        return waited;
    }

    private void handOverWhatIsReady() {
        while (overlap
                && fetched.size() < buckets.size()
                && buckets.get(fetched.size()).parameters() <= gradientsReady) {
            fetch();
        }
        while (pending.size() < fetched.size() && fetched.get(pending.size()).isDone()) {
            handOver();
        }
    }

    private void fetch() {
        GradientBucket bucket = buckets.get(fetched.size());
        fetched.add(vector.fetch(bucket.offset(), bucket.length()));
    }

    private void handOver() {
        int next = pending.size();
        boolean counts = buckets.get(next).parameters() == 0;
        FloatBuffer slice = slices.get(next);
        pending.add(counts ? communicator.allReduceExactly(slice) : communicator.allReduce(slice));
    }

    private void checkOpen(String what) {
        if (!open) {
            throw new IllegalStateException("Cannot " + what + ": no iteration has begun");
        }
    }
}
