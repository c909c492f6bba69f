package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** A random crop of the image, mirrored half of the time, and colours that vary where the settings say so. */
record TrainingChoice(Augmentation augmentation) implements Choice {

    @Override
    public Made choose(int width, int height, CounterRandom random) {
        int size = augmentation.size();
        if (augmentation.crop() == Augmentation.Crop.RANDOM_RESIZED) {
            CropWindow part = CropWindow.random(width, height, augmentation, random);
            Placement placement = Placement.whole(size, mirrored(random));
            Resampling resampling = Resampling.ofPart(augmentation.interpolation(), part, size);
            return new Made(resampling, placement, Colours.random(augmentation, random));
        }
        int padding = augmentation.crop() == Augmentation.Crop.PAD ? augmentation.padding() : 0;
        int left = padding == 0 ? 0 : padding - random.nextInt(2 * padding + 1);
        int top = padding == 0 ? 0 : padding - random.nextInt(2 * padding + 1);
        Placement placement = new Placement(size, left, top, mirrored(random));
        Resampling resampling = Resampling.centred(augmentation.interpolation(), width, height, size, size);
        return new Made(resampling, placement, Colours.random(augmentation, random));
    }

    private boolean mirrored(CounterRandom random) {
        return augmentation.flip() && random.nextBoolean();
    }
}
