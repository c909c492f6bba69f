package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** The square in the middle of the resized image; the image itself where it has the size already. */
record EvaluationChoice(Augmentation augmentation) implements Choice {

    @Override
    public Made choose(int width, int height, CounterRandom random) {
        boolean resized = augmentation.crop() == Augmentation.Crop.RANDOM_RESIZED;
        int size = augmentation.size();
        Resampling resampling = Resampling.centred(
                augmentation.interpolation(), width, height, resized ? augmentation.resize() : size, size);
        return new Made(resampling, Placement.whole(size, false), Colours.UNCHANGED);
    }
}
