package org.sandglass.ops.image;

/** Writes 8-bit samples as normalised numbers, channel by channel. Immutable. */
final class Normalization {

    private static final int LEVELS = 256;

    private final int size;
    private final double[] deviations = new double[RgbImage.CHANNELS];
    private final float[][] tables = new float[RgbImage.CHANNELS][LEVELS];

    Normalization(Augmentation augmentation) {
        this.size = augmentation.size();
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            double mean = augmentation.mean().get(channel);
            deviations[channel] = augmentation.std().get(channel);
            for (int level = 0; level < LEVELS; level++) {
                tables[channel][level] = (float) ((level / 255.0 - mean) / deviations[channel]);
            }
        }
    }

    /** What a level of a channel becomes: channels × 256. */
    float[] numbers() {
        float[] numbers = new float[RgbImage.CHANNELS * LEVELS];
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            System.arraycopy(tables[channel], 0, numbers, channel * LEVELS, LEVELS);
        }
        return numbers;
    }

    /** What is added to a channel's numbers, for light in units of samples scaled to [0, 1]. */
    float shift(double[] light, int channel) {
        return (float) (light[channel] / deviations[channel]);
    }

    /** Takes one row: {@code size} red samples in [0, 255], then green, then blue. */
    void writeRow(int y, int[] row, float[] target, int offset) {
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            float[] table = tables[channel];
            int source = channel * size;
            int start = offset + (channel * size + y) * size;
            for (int x = 0; x < size; x++) {
                target[start + x] = table[row[source + x] & 0xff];
            }
        }
    }

    /** Adds to each channel, in units of samples scaled to [0, 1]. */
    void shift(double[] light, float[] target, int offset) {
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            float added = shift(light, channel);
            int start = offset + channel * size * size;
            for (int i = start; i < start + size * size; i++) {
                target[i] += added;
            }
        }
    }
}
