package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** A part of an image, in pixels from its upper left corner. */
record CropWindow(int x, int y, int width, int height) {

    private static final int TRIES = 10;

    /**
     * A part of random area (uniform) and aspect ratio (uniform in its logarithm) at a random place. Where none fits
     * in ten tries: the largest part in the middle whose aspect ratio is allowed.
     */
    static CropWindow random(RgbImage image, Augmentation augmentation, CounterRandom random) {
        double area = (double) image.width() * image.height();
        double minLog = StrictMath.log(augmentation.minAspect());
        double maxLog = StrictMath.log(augmentation.maxAspect());
        for (int i = 0; i < TRIES; i++) {
            double wanted = area * random.nextDouble(augmentation.minArea(), augmentation.maxArea());
            double aspect = StrictMath.exp(random.nextDouble(minLog, maxLog));
            int width = (int) Math.rint(Math.sqrt(wanted * aspect));
            int height = (int) Math.rint(Math.sqrt(wanted / aspect));
            if (width > 0 && width <= image.width() && height > 0 && height <= image.height()) {
                int y = random.nextInt(image.height() - height + 1);
                int x = random.nextInt(image.width() - width + 1);
                return new CropWindow(x, y, width, height);
            }
        }
        return middle(image, augmentation);
    }

    private static CropWindow middle(RgbImage image, Augmentation augmentation) {
        double aspect = (double) image.width() / image.height();
        int width = image.width();
        int height = image.height();
        if (aspect < augmentation.minAspect()) {
            height = Math.max(1, (int) Math.rint(width / augmentation.minAspect()));
        } else if (aspect > augmentation.maxAspect()) {
            width = Math.max(1, (int) Math.rint(height * augmentation.maxAspect()));
        }
        return new CropWindow((image.width() - width) / 2, (image.height() - height) / 2, width, height);
    }
}
