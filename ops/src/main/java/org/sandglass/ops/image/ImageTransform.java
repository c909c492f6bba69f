package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/**
 * Turns an image into the network's input: crop, resize, flip, colours, normalise.
 *
 * <p>A pure function of the image and the random stream. Thread-safe.
 */
@FunctionalInterface
public interface ImageTransform {

    /**
     * Writes {@code 3 × size × size} numbers, channel by channel: (sample / 255 − mean) / std.
     *
     * @param random where the choices come from; untouched where there are none to make
     * @throws IndexOutOfBoundsException if {@code target} ends too early
     */
    void apply(RgbImage image, CounterRandom random, float[] target, int offset);

    /**
     * Decodes an image and does the same; what the result does not need may be left undecoded.
     *
     * @param buffers of the calling thread
     * @throws ImageFormatException as {@link ImageDecoder#decode} does
     */
    default void apply(byte[] encoded, CounterRandom random, ImageBuffers buffers, float[] target, int offset)
            throws ImageFormatException {
        apply(ImageDecoder.decode(encoded), random, target, offset);
    }

    /**
     * Decodes an image and leaves to a device what is left then: {@link #numbers} for levels, shifts added to them, mirroring.
     *
     * @param levels gets {@code 3 × size × size} samples, channel by channel, from {@code index · 3 · size · size} on
     * @param shifts gets what is to be added to each channel's numbers, from {@code 3 · index} on
     * @param mirrored gets, at {@code index}, whether the image is to be mirrored
     * @throws ImageFormatException as {@link ImageDecoder#decode} does
     * @throws UnsupportedOperationException if this transform makes nothing but numbers
     */
    default void applyToLevels(
            byte[] encoded,
            CounterRandom random,
            ImageBuffers buffers,
            int index,
            byte[] levels,
            float[] shifts,
            boolean[] mirrored)
            throws ImageFormatException {
        throw new UnsupportedOperationException("Cannot make levels: this transform makes numbers");
    }

    /**
     * What {@link #applyToLevels}' samples stand for: 256 numbers for red, then for green, then for blue.
     *
     * @throws UnsupportedOperationException if this transform makes nothing but numbers
     */
    default float[] numbers() {
        throw new UnsupportedOperationException("Cannot make levels: this transform makes numbers");
    }

    /** With random choices. */
    static ImageTransform training(Augmentation augmentation) {
        return new SquareTransform(augmentation, new TrainingChoice(augmentation));
    }

    /** Without random choices. */
    static ImageTransform evaluation(Augmentation augmentation) {
        return new SquareTransform(augmentation, new EvaluationChoice(augmentation));
    }
}
