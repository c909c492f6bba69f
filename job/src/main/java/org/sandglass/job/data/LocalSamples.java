package org.sandglass.job.data;

import java.util.Iterator;
import java.util.List;
import java.util.stream.LongStream;
import scala.Tuple2;

/**
 * What {@link Exchange#shuffle} brings to a task, out of encoded images in this process's memory: for measuring without
 * Spark. Immutable.
 *
 * @param images sample i's file, whole
 * @param labels sample i's class
 */
public record LocalSamples(List<byte[]> images, List<Integer> labels) {

    /** @throws IllegalArgumentException unless there is one label for each image, and an image */
    public LocalSamples {
        images = List.copyOf(images);
        labels = List.copyOf(labels);
        if (images.isEmpty() || images.size() != labels.size()) {
            throw new IllegalArgumentException(
                    "Cannot hold samples: images=%d labels=%d".formatted(images.size(), labels.size()));
        }
    }

    /** The samples of the only task of an epoch, in the plan's order. */
    public Iterator<Tuple2<Long, byte[]>> inOrderOf(EpochPlan plan) {
        SampleKeys keys = plan.keys();
        return LongStream.range(0, plan.samples())
                .mapToObj(plan::idAt)
                .map(id -> new Tuple2<>(keys.keysOf(id)[0], packed(id)))
                .sorted((a, b) -> Long.compare(a._1(), b._1()))
                .iterator();
    }

    private byte[] packed(long id) {
        int index = (int) id;
        return new EncodedSample(id, labels.get(index), "", images.get(index)).pack();
    }
}
