package org.sandglass.ops.device;

import java.nio.FloatBuffer;
import org.sandglass.ops.tensor.Shape;

/**
 * Images as 8-bit levels, a quarter of the bytes of what a network reads, and what makes the one of the other: a number for
 * every level of a channel, something added to it, and the columns in their order or from right to left.
 *
 * <p>A view: the arrays may be longer, and are not copied.
 *
 * @param count images
 * @param shape channels × height × width of an image
 * @param levels count × channels × height × width, unsigned
 * @param numbers channels × 256
 * @param shifts count × channels: what is added
 * @param mirrored of count
 */
@SuppressWarnings("ArrayRecordComponent") // a view of recycled memory: never compared
public record LevelImages(int count, Shape shape, byte[] levels, float[] numbers, float[] shifts, boolean[] mirrored) {

    /** Levels of a channel. */
    public static final int LEVELS = 256;

    /** @throws IllegalArgumentException if something is shorter than it must be */
    public LevelImages {
        int channels = shape.dimension(0);
        if (shape.rank() != 3
                || levels.length < count * shape.elements()
                || numbers.length != channels * LEVELS
                || shifts.length < count * channels
                || mirrored.length < count) {
            throw new IllegalArgumentException("Cannot take images: count=" + count + " shape=" + shape + ": levels="
                    + levels.length + " numbers=" + numbers.length + " shifts=" + shifts.length + " mirrored="
                    + mirrored.length);
        }
    }

    /** The first ones of them. */
    public LevelImages first(int fewer) {
        return new LevelImages(fewer, shape, levels, numbers, shifts, mirrored);
    }

    /** Bytes of all levels. */
    public int levelBytes() {
        return Math.toIntExact(count * shape.elements());
    }

    /** What the network reads: count × channels × height × width. */
    public FloatBuffer toNumbers() {
        int channels = shape.dimension(0);
        int width = shape.dimension(2);
        int plane = shape.dimension(1) * width;
        FloatBuffer images = FloatBuffer.allocate(levelBytes());
        for (int i = 0; i < images.capacity(); i++) {
            int row = i / width;
            int x = i - row * width;
            int image = i / (channels * plane);
            int channel = i / plane % channels;
            int from = mirrored[image] ? (row + 1) * width - 1 - x : i;
            images.put(
                    i,
                    numbers[channel * LEVELS + Byte.toUnsignedInt(levels[from])] + shifts[image * channels + channel]);
        }
        return images;
    }
}
