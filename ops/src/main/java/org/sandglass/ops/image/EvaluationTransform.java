package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** The square in the middle of the resized image, or the image itself where it has the size already. */
final class EvaluationTransform implements ImageTransform {

    private final Augmentation augmentation;
    private final Normalization normalization;

    EvaluationTransform(Augmentation augmentation) {
        this.augmentation = augmentation;
        this.normalization = new Normalization(augmentation);
    }

    @Override
    public void apply(RgbImage image, CounterRandom random, float[] target, int offset) {
        int size = augmentation.size();
        boolean resized = augmentation.crop() == Augmentation.Crop.RANDOM_RESIZED;
        if (!resized && image.width() == size && image.height() == size) {
            normalization.writeShifted(image, 0, 0, false, target, offset);
            return;
        }
        Resampling.centred(image, resized ? augmentation.resize() : size, size)
                .run(image, (y, row) -> normalization.writeRow(y, row, false, target, offset));
    }
}
