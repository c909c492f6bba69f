package org.sandglass.job.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.ImageTransform;
import org.sandglass.ops.image.RgbImage;
import scala.Tuple2;

/** Images of one pixel whose colour is their number, and a transform that keeps it. */
final class TinyImages {

    static final int SIZE = 1;

    /** The number, then two random numbers. */
    static final ImageTransform NUMBER = (image, random, target, offset) -> {
        target[offset] = image.sample(0, 0, 0) << 16 | image.sample(0, 0, 1) << 8 | image.sample(0, 0, 2);
        target[offset + 1] = (float) random.nextDouble();
        target[offset + 2] = (float) random.nextDouble();
    };

    private TinyImages() {}

    static byte[] png(long number) {
        byte[] pixel = {(byte) (number >> 16), (byte) (number >> 8), (byte) number};
        return ImageEncoder.png(new RgbImage(1, 1, pixel));
    }

    static EncodedSample sample(long id) {
        return new EncodedSample(id, label(id), "p" + id, png(id));
    }

    static int label(long id) {
        return (int) (id % 10);
    }

    /** What the exchange brings to a task. */
    static List<Tuple2<Long, byte[]>> share(EpochPlan plan, WorkerDeal deal, int task) {
        List<Tuple2<Long, byte[]>> share = new ArrayList<>();
        SampleKeys keys = plan.keys();
        for (long id = 0; id < plan.samples(); id++) {
            long key = keys.keysOf(id)[0];
            if (deal.taskOf(plan.workerOfKey(key)) == task) {
                share.add(new Tuple2<>(key, sample(id).pack()));
            }
        }
        share.sort(Comparator.comparing(Tuple2::_1));
        return share;
    }

    /** Ids from {@code first} on as an evaluation's exchange brings them. */
    static List<Tuple2<Long, byte[]>> inOrder(long first, int count) {
        List<Tuple2<Long, byte[]>> share = new ArrayList<>();
        for (long id = first; id < first + count; id++) {
            share.add(new Tuple2<>(id, sample(id).pack()));
        }
        return share;
    }

    /** Counts what is taken. */
    static final class Counting implements Iterator<Tuple2<Long, byte[]>> {

        private final Iterator<Tuple2<Long, byte[]>> samples;
        private int taken;

        Counting(List<Tuple2<Long, byte[]>> samples) {
            this.samples = samples.iterator();
        }

        @Override
        public boolean hasNext() {
            return samples.hasNext();
        }

        @Override
        public Tuple2<Long, byte[]> next() {
            taken++;
            return samples.next();
        }

        int taken() {
            return taken;
        }
    }
}
