package org.sandglass.ops.image;

/** Writes 8-bit samples as normalised numbers, channel by channel. Immutable. */
final class Normalization {

    private static final int LEVELS = 256;

    private final int size;
    private final float[][] tables = new float[RgbImage.CHANNELS][LEVELS];

    Normalization(Augmentation augmentation) {
        this.size = augmentation.size();
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            double mean = augmentation.mean().get(channel);
            double deviation = augmentation.std().get(channel);
            for (int level = 0; level < LEVELS; level++) {
                tables[channel][level] = (float) ((level / 255.0 - mean) / deviation);
            }
        }
    }

    /** Takes one row of {@code size × 3} samples in [0, 255]. */
    void writeRow(int y, int[] row, boolean mirrored, float[] target, int offset) {
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            float[] table = tables[channel];
            int start = offset + (channel * size + y) * size;
            for (int x = 0; x < size; x++) {
                target[start + (mirrored ? size - 1 - x : x)] = table[row[x * RgbImage.CHANNELS + channel]];
            }
        }
    }

    /** Takes the image moved by (left, top), black where it does not reach. */
    void writeShifted(RgbImage image, int left, int top, boolean mirrored, float[] target, int offset) {
        byte[] pixels = image.pixels();
        int from = Math.max(0, left);
        int to = Math.min(size, left + image.width());
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            float[] table = tables[channel];
            for (int y = 0; y < size; y++) {
                int start = offset + (channel * size + y) * size;
                if (y < top || y >= top + image.height() || from >= to) {
                    java.util.Arrays.fill(target, start, start + size, table[0]);
                    continue;
                }
                int source = ((y - top) * image.width() - left) * RgbImage.CHANNELS + channel;
                for (int x = 0; x < size; x++) {
                    float value = x < from || x >= to ? table[0] : table[pixels[source + x * RgbImage.CHANNELS] & 0xff];
                    target[start + (mirrored ? size - 1 - x : x)] = value;
                }
            }
        }
    }
}
