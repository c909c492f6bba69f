package org.sandglass.job.train;

import java.nio.FloatBuffer;
import org.sandglass.ops.device.FlatLayout;
import org.sandglass.ops.device.NetworkBuffers;

/**
 * Batch norm's running mean and variance: the average over the workers of their exponential averages, momentum 0.9
 * (Goyal et al., section 5.1).
 *
 * <p>The average is linear, so the sum of the workers' batch statistics, which arrives with the gradients, is all that
 * every rank needs; workers without samples in a short last iteration take the mean of the others. The result does not
 * depend on how workers are dealt to tasks.
 */
final class RunningStatistics {

    private static final float MOMENTUM = 0.9f;

    private final NetworkBuffers buffers;
    private final FloatBuffer batch;
    private final FloatBuffer running;

    RunningStatistics(NetworkBuffers buffers) {
        this.buffers = buffers;
        int length = Math.toIntExact(buffers.layout().statisticsLength());
        this.batch = FloatBuffer.allocate(length);
        this.running = FloatBuffer.allocate(length);
    }

    /** Takes in the sum of the batch statistics of {@code activeWorkers} workers from the gradient vector. */
    void update(int activeWorkers) {
        buffers.gradients().download(FlatLayout.COUNTERS, batch);
        buffers.statistics().download(0, running);
        float share = (1 - MOMENTUM) / activeWorkers;
        for (int i = 0; i < running.capacity(); i++) {
            running.put(i, MOMENTUM * running.get(i) + share * batch.get(i));
        }
        buffers.statistics().upload(0, running);
    }
}
