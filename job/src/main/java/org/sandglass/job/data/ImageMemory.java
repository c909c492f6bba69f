package org.sandglass.job.data;

import java.nio.FloatBuffer;
import java.util.Optional;
import org.sandglass.ops.device.LevelImages;
import org.sandglass.ops.image.ImageBuffers;
import org.sandglass.ops.image.ImageFormatException;
import org.sandglass.ops.image.ImageTransform;
import org.sandglass.ops.image.RgbImage;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.tensor.Shape;

/** Memory for the images of a microbatch, by slots, which is recycled: numbers, or levels for a device that makes numbers of them. */
sealed interface ImageMemory {

    /** Decodes an image into a slot; several threads do, each into slots of its own. */
    void decode(int slot, ImageTransform transform, byte[] encoded, CounterRandom random, ImageBuffers buffers)
            throws ImageFormatException;

    /** Moves an image to an earlier slot. */
    void move(int from, int to);

    /** The first {@code count} images as numbers; none where they are levels. */
    FloatBuffer numbers(int count);

    /** All images as levels, of which the first ones are decoded. */
    Optional<LevelImages> levels();

    static ImageMemory of(int images, int size, ImageTransform transform, boolean levels) {
        int length = Math.multiplyExact(RgbImage.CHANNELS, Math.multiplyExact(size, size));
        return levels
                ? new Levels(new LevelImages(
                        images,
                        Shape.of(RgbImage.CHANNELS, size, size),
                        new byte[Math.multiplyExact(images, length)],
                        transform.numbers(),
                        new float[images * RgbImage.CHANNELS],
                        new boolean[images]))
                : new Numbers(new float[Math.multiplyExact(images, length)], length);
    }

    /** As the processor takes them. */
    @SuppressWarnings("ArrayRecordComponent") // memory: never compared
    record Numbers(float[] memory, int length) implements ImageMemory {
        @Override
        public void decode(
                int slot, ImageTransform transform, byte[] encoded, CounterRandom random, ImageBuffers buffers)
                throws ImageFormatException {
            transform.apply(encoded, random, buffers, memory, slot * length);
        }

        @Override
        public void move(int from, int to) {
            System.arraycopy(memory, from * length, memory, to * length, length);
        }

        @Override
        public FloatBuffer numbers(int count) {
            return FloatBuffer.wrap(memory, 0, count * length);
        }

        @Override
        public Optional<LevelImages> levels() {
            return Optional.empty();
        }
    }

    /** As a GPU takes them. */
    record Levels(LevelImages images) implements ImageMemory {
        @Override
        public void decode(
                int slot, ImageTransform transform, byte[] encoded, CounterRandom random, ImageBuffers buffers)
                throws ImageFormatException {
            transform.applyToLevels(
                    encoded, random, buffers, slot, images.levels(), images.shifts(), images.mirrored());
        }

        @Override
        public void move(int from, int to) {
            int length = images.levelBytes() / images.count();
            System.arraycopy(images.levels(), from * length, images.levels(), to * length, length);
            System.arraycopy(
                    images.shifts(),
                    from * RgbImage.CHANNELS,
                    images.shifts(),
                    to * RgbImage.CHANNELS,
                    RgbImage.CHANNELS);
            images.mirrored()[to] = images.mirrored()[from];
        }

        @Override
        public FloatBuffer numbers(int count) {
            return FloatBuffer.allocate(0);
        }

        @Override
        public Optional<LevelImages> levels() {
            return Optional.of(images);
        }
    }
}
