package org.sandglass.job.train;

import java.nio.FloatBuffer;
import org.sandglass.ops.device.BatchResult;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.FlatLayout;

/**
 * The sums that ride at the head of the gradient vector: one all-reduce carries them with the gradients, so that every
 * rank knows the global loss and stops at the same iteration when it is no longer a number.
 *
 * <p>Counts stay exact in fp32 up to 16,777,216 samples an iteration.
 */
final class Counters {

    private static final int LOSS = 0;
    private static final int TOP1 = 1;
    private static final int TOP5 = 2;
    private static final int SAMPLES = 3;
    private static final int ACTIVE_WORKERS = 4;
    private static final int SNAPSHOT = 5;

    private final FloatBuffer values = FloatBuffer.allocate(FlatLayout.COUNTERS);
    private double lossSum;

    void clear() {
        for (int i = 0; i < values.capacity(); i++) {
            values.put(i, 0);
        }
        lossSum = 0;
    }

    /** Adds a microbatch of {@code samples} samples that count. */
    void add(BatchResult result, int samples) {
        lossSum += result.lossSum();
        add(TOP1, result.top1());
        add(TOP5, result.top5());
        add(SAMPLES, samples);
        add(ACTIVE_WORKERS, 1);
    }

    /** Asks every rank for a snapshot after this iteration. */
    void requestSnapshot() {
        add(SNAPSHOT, 1);
    }

    void writeTo(DeviceBuffer gradients) {
        values.put(LOSS, (float) lossSum);
        gradients.upload(0, values);
    }

    void readFrom(DeviceBuffer gradients) {
        gradients.download(0, values);
    }

    TaskOutcome.Totals totals() {
        return new TaskOutcome.Totals(
                (long) values.get(SAMPLES), values.get(LOSS), (long) values.get(TOP1), (long) values.get(TOP5));
    }

    int activeWorkers() {
        return (int) values.get(ACTIVE_WORKERS);
    }

    boolean snapshotRequested() {
        return values.get(SNAPSHOT) > 0;
    }

    private void add(int index, int count) {
        values.put(index, values.get(index) + count);
    }
}
