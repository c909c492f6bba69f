package org.sandglass.job.data;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.sandglass.ops.random.CounterRandom;
import scala.Tuple2;

/** Batches of samples in the order of their ids, without a gap; the last may be smaller. */
final class EvaluationFeed implements SampleFeed {

    private static final long NONE = -1;

    private final Iterator<Tuple2<Long, byte[]>> samples;
    private final int batchSize;
    private long batches;
    private long lastId = NONE;

    EvaluationFeed(Iterator<Tuple2<Long, byte[]>> samples, int batchSize) {
        if (batchSize <= 0) {
            throw new IllegalArgumentException("Cannot evaluate: batchSize must be positive: " + batchSize);
        }
        this.samples = samples;
        this.batchSize = batchSize;
    }

    @Override
    public boolean hasNext() {
        return samples.hasNext();
    }

    @Override
    public Draft next() {
        if (!hasNext()) {
            throw new NoSuchElementException("No more samples");
        }
        List<EncodedSample> batch = new ArrayList<>(batchSize);
        while (batch.size() < batchSize && samples.hasNext()) {
            batch.add(checked(samples.next()));
        }
        return new Draft(batches++, 0, batch);
    }

    @Override
    public CounterRandom random(long id) {
        return CounterRandom.of(CounterRandom.Purpose.AUGMENTATION, id);
    }

    private EncodedSample checked(Tuple2<Long, byte[]> arrived) {
        EncodedSample sample = EncodedSample.unpack(arrived._2());
        long key = arrived._1();
        if (sample.id() != key || (lastId != NONE && key != lastId + 1)) {
            throw new IllegalStateException(
                    "Cannot evaluate: the exchange is out of order: sample %d with key %d after %d"
                            .formatted(sample.id(), key, lastId));
        }
        lastId = key;
        return sample;
    }
}
