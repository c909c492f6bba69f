package org.sandglass.job.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.sandglass.ops.random.CounterRandom;

/** One microbatch of noise, again and again: a step without its input pipeline. */
public final class MadeUpInputs implements Inputs {

    private final FloatBuffer images;
    private final int[] labels;

    /** @param imageLength numbers of an image */
    public MadeUpInputs(int batchSize, int imageLength, int classes) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, batchSize, imageLength);
        images = ByteBuffer.allocateDirect(Math.multiplyExact(batchSize * Float.BYTES, imageLength))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        for (int i = 0; i < images.capacity(); i++) {
            images.put(i, (float) random.nextGaussian());
        }
        labels = new int[batchSize];
        for (int i = 0; i < batchSize; i++) {
            labels[i] = random.nextInt(classes);
        }
    }

    @Override
    public void advance() {}

    @Override
    public FloatBuffer images() {
        return images;
    }

    @Override
    public int[] labels() {
        return labels;
    }

    @Override
    public void close() {}
}
