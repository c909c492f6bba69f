package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/**
 * Turns a decoded image into the network's input: crop, resize, flip, normalise.
 *
 * <p>A pure function of the image and the random stream. Thread-safe.
 */
public interface ImageTransform {

    /**
     * Writes {@code 3 × size × size} numbers, channel by channel: (sample / 255 − mean) / std.
     *
     * @param random where the choices come from; untouched where there are none to make
     * @throws IndexOutOfBoundsException if {@code target} ends too early
     */
    void apply(RgbImage image, CounterRandom random, float[] target, int offset);

    /** With random choices. */
    static ImageTransform training(Augmentation augmentation) {
        return new TrainingTransform(augmentation);
    }

    /** Without random choices. */
    static ImageTransform evaluation(Augmentation augmentation) {
        return new EvaluationTransform(augmentation);
    }
}
