package org.sandglass.job.train;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Iterator;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.Microbatch;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.job.data.ShardIterator;
import org.sandglass.ops.device.Executable;
import org.sandglass.ops.image.ImageTransform;
import scala.Tuple2;

/**
 * Runs a worker's network forward over samples, batch by batch; after {@link #next} the worker's evaluation executable
 * holds the outputs of the batch that it returned. A last, smaller batch is filled up with rows that count for nothing.
 */
final class EvaluationBatches implements Iterator<Microbatch>, AutoCloseable {

    private final Executable executable;
    private final ShardIterator shard;
    private final FloatBuffer images;
    private final int batchSize;

    EvaluationBatches(Worker worker, Iterator<Tuple2<Long, byte[]>> samples, SampleLocator locator) {
        Recipe recipe = worker.recipe();
        this.executable = worker.evaluation();
        this.batchSize = recipe.training().perWorkerBatchSize();
        this.images = FloatBuffer.allocate(Math.toIntExact(
                batchSize * worker.network().graph().input().shape().elements()));
        this.shard = ShardIterator.evaluation(
                samples,
                batchSize,
                ImageTransform.evaluation(recipe.augmentation()),
                recipe.augmentation().size(),
                worker.shardOptions(locator));
    }

    @Override
    public boolean hasNext() {
        return shard.hasNext();
    }

    @Override
    public Microbatch next() {
        Microbatch batch = shard.next();
        int[] labels = Arrays.copyOf(batch.labels(), batchSize);
        Arrays.fill(labels, batch.count(), batchSize, -1);
        if (batch.levels().isPresent()) {
            executable.load(batch.levels().get().first(batchSize), labels);
        } else {
            images.clear();
            images.put(batch.images().duplicate());
            images.clear();
            executable.load(images, labels);
        }
        executable.forward();
        return batch;
    }

    @Override
    public void close() {
        shard.close();
    }
}
