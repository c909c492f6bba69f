package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** Decoding, resizing, mirroring, colours, normalisation and layout in one pass over an image's rows. */
final class SquareTransform implements ImageTransform {

    private final int size;
    private final Normalization normalization;
    private final Choice choice;

    SquareTransform(Augmentation augmentation, Choice choice) {
        this.size = augmentation.size();
        this.normalization = new Normalization(augmentation);
        this.choice = choice;
    }

    @Override
    public void apply(RgbImage image, CounterRandom random, float[] target, int offset) {
        try (ImageBuffers buffers = new ImageBuffers()) {
            Choice.Made made = choice.choose(image.width(), image.height(), random);
            draw(made, Pixels.of(image), buffers, target, offset);
        }
    }

    @Override
    public void apply(byte[] encoded, CounterRandom random, ImageBuffers buffers, float[] target, int offset)
            throws ImageFormatException {
        ImageHeader header = ImageDecoder.header(encoded);
        Choice.Made made = choice.choose(header.width(), header.height(), random);
        Pixels pixels = ImageDecoder.decode(encoded, header, made.resampling().source(), buffers);
        draw(made, pixels, buffers, target, offset);
    }

    @Override
    public void applyToLevels(
            byte[] encoded,
            CounterRandom random,
            ImageBuffers buffers,
            int index,
            byte[] levels,
            float[] shifts,
            boolean[] mirrored)
            throws ImageFormatException {
        ImageHeader header = ImageDecoder.header(encoded);
        Choice.Made made = choice.choose(header.width(), header.height(), random);
        int samples = size * RgbImage.CHANNELS;
        Pixels pixels = ImageDecoder.decode(encoded, header, made.resampling().source(), buffers);
        int[] rows = coloured(made, pixels, made.placement().upright(), buffers);
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            int plane = (index * RgbImage.CHANNELS + channel) * size * size;
            for (int y = 0; y < size; y++) {
                for (int x = 0; x < size; x++) {
                    levels[plane + y * size + x] = (byte) rows[y * samples + channel * size + x];
                }
            }
            shifts[index * RgbImage.CHANNELS + channel] =
                    normalization.shift(made.colours().light(), channel);
        }
        mirrored[index] = made.placement().mirrored();
    }

    @Override
    public float[] numbers() {
        return normalization.numbers();
    }

    private void draw(Choice.Made made, Pixels pixels, ImageBuffers buffers, float[] target, int offset) {
        if (made.colours().isUnchanged()) {
            buffers.resampler.run(
                    made.resampling(),
                    pixels,
                    made.placement(),
                    (y, row) -> normalization.writeRow(y, row, target, offset));
            return;
        }
        int samples = size * RgbImage.CHANNELS;
        int[] levels = coloured(made, pixels, made.placement(), buffers);
        int[] row = buffers.row(samples);
        for (int y = 0; y < size; y++) {
            System.arraycopy(levels, y * samples, row, 0, samples);
            normalization.writeRow(y, row, target, offset);
        }
        normalization.shift(made.colours().light(), target, offset);
    }

    /** Resized, with colours changed: row by row red, green and blue samples, in the thread's memory. */
    private int[] coloured(Choice.Made made, Pixels pixels, Placement placement, ImageBuffers buffers) {
        int samples = size * RgbImage.CHANNELS;
        int[] levels = buffers.levels(samples * size);
        buffers.resampler.run(
                made.resampling(),
                pixels,
                placement,
                (y, row) -> System.arraycopy(row, 0, levels, y * samples, samples));
        made.colours().multiply(levels, size);
        return levels;
    }
}
