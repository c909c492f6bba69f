package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** A random crop of the image, mirrored half of the time. */
final class TrainingTransform implements ImageTransform {

    private final Augmentation augmentation;
    private final Normalization normalization;

    TrainingTransform(Augmentation augmentation) {
        this.augmentation = augmentation;
        this.normalization = new Normalization(augmentation);
    }

    @Override
    public void apply(RgbImage image, CounterRandom random, float[] target, int offset) {
        if (augmentation.crop() == Augmentation.Crop.RANDOM_RESIZED) {
            applyResized(image, random, target, offset);
        } else {
            applyShifted(image, random, target, offset);
        }
    }

    private void applyResized(RgbImage image, CounterRandom random, float[] target, int offset) {
        CropWindow window = CropWindow.random(image, augmentation, random);
        boolean mirrored = augmentation.flip() && random.nextBoolean();
        Resampling.ofPart(window.x(), window.y(), window.width(), window.height(), augmentation.size())
                .run(image, (y, row) -> normalization.writeRow(y, row, mirrored, target, offset));
    }

    private void applyShifted(RgbImage image, CounterRandom random, float[] target, int offset) {
        int size = augmentation.size();
        boolean fits = image.width() == size && image.height() == size;
        RgbImage square = fits ? image : Resampling.centred(image, size, size).toImage(image);
        int padding = augmentation.crop() == Augmentation.Crop.PAD ? augmentation.padding() : 0;
        int left = padding == 0 ? 0 : padding - random.nextInt(2 * padding + 1);
        int top = padding == 0 ? 0 : padding - random.nextInt(2 * padding + 1);
        boolean mirrored = augmentation.flip() && random.nextBoolean();
        normalization.writeShifted(square, left, top, mirrored, target, offset);
    }
}
