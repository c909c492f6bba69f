package org.sandglass.job.bench;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.ShardOptions;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.Augmentation;
import org.sandglass.ops.nn.Network;
import org.sandglass.ops.nn.ResNet;
import org.sandglass.ops.tensor.DataType;

/**
 * A training step to measure.
 *
 * @param model a name that {@link ResNet#of} knows
 * @param threads that compute, and that decode where there are images to decode
 * @param precision of activations and convolutions
 * @param images a directory of JPEGs or PNGs for the input pipeline; null measures the step without it
 */
public record StepCase(
        String model,
        int batchSize,
        int threads,
        DataType precision,
        @Nullable Path images) {

    /** @throws JobFailure (usage) naming what cannot be */
    public StepCase {
        if (batchSize <= 0 || threads <= 0) {
            throw JobFailure.usage("Cannot measure: batch and threads must be positive: batch=%d threads=%d"
                    .formatted(batchSize, threads));
        }
        if (!ResNet.models().contains(model)) {
            throw JobFailure.usage(
                    "Cannot measure: unknown model " + model + "; there are " + String.join(", ", ResNet.models()));
        }
    }

    Network network() {
        return ResNet.of(model, classes(), augmentation().size(), true);
    }

    Inputs inputs() {
        Augmentation augmentation = augmentation();
        if (images == null) {
            return new MadeUpInputs(batchSize, 3 * augmentation.size() * augmentation.size(), classes());
        }
        return FolderInputs.open(images, augmentation, classes(), batchSize, threads, ShardOptions.PREFETCH);
    }

    private int classes() {
        return model.startsWith("cifar") ? 10 : 1000;
    }

    /** The model's own by default. */
    private Augmentation augmentation() {
        return Recipe.parse("", "the defaults", Map.of("model.name", model)).augmentation();
    }
}
