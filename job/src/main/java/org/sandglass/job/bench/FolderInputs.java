package org.sandglass.job.bench;

import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.LocalSamples;
import org.sandglass.job.data.Microbatch;
import org.sandglass.job.data.ShardIterator;
import org.sandglass.job.data.ShardOptions;
import org.sandglass.job.data.WorkerDeal;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.Augmentation;
import org.sandglass.ops.image.ImageTransform;

/**
 * Microbatches out of the image files below a directory, decoded and augmented as in training: epochs one after another,
 * each in an order of its own. The files stay encoded in memory; labels are made up.
 */
final class FolderInputs implements Inputs {

    private final LocalSamples samples;
    private final Augmentation augmentation;
    private final ImageTransform transform;
    private final int batchSize;
    private final ShardOptions options;
    private Optional<ShardIterator> shard = Optional.empty();
    private Optional<Microbatch> microbatch = Optional.empty();
    private int epoch;

    private FolderInputs(LocalSamples samples, Augmentation augmentation, int batchSize, int threads, int prefetch) {
        this.samples = samples;
        this.augmentation = augmentation;
        this.transform = ImageTransform.training(augmentation);
        this.batchSize = batchSize;
        this.options = new ShardOptions(threads, prefetch, false, id -> "file " + id + " of the directory");
    }

    /** @throws JobFailure (usage) if there are fewer files than a microbatch has samples, or one cannot be read */
    static FolderInputs open(
            Path directory, Augmentation augmentation, int classes, int batchSize, int threads, int prefetch) {
        List<byte[]> images = ImageFiles.read(directory);
        List<Integer> labels =
                IntStream.range(0, images.size()).mapToObj(i -> i % classes).toList();
        if (images.size() < batchSize) {
            throw JobFailure.usage("Cannot read images: %s holds %d files, and a microbatch needs %d"
                    .formatted(directory, images.size(), batchSize));
        }
        return new FolderInputs(new LocalSamples(images, labels), augmentation, batchSize, threads, prefetch);
    }

    /** Skips the short microbatch at the end of an epoch. */
    @Override
    public void advance() {
        do {
            if (shard.isEmpty() || !shard.get().hasNext()) {
                nextEpoch();
            }
            microbatch = shard.map(ShardIterator::next);
        } while (current().count() < batchSize);
    }

    @Override
    public FloatBuffer images() {
        return current().images();
    }

    @Override
    public int[] labels() {
        return current().labels();
    }

    @Override
    public void close() {
        shard.ifPresent(ShardIterator::close);
    }

    private Microbatch current() {
        return microbatch.orElseThrow(() -> new IllegalStateException("Cannot give a microbatch before advance()"));
    }

    private void nextEpoch() {
        close();
        EpochPlan plan = new EpochPlan(samples.images().size(), 1, batchSize, 0, epoch++);
        shard = Optional.of(ShardIterator.training(
                samples.inOrderOf(plan), plan, new WorkerDeal(1, 1), 0, transform, augmentation.size(), options));
    }
}
