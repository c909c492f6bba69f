package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** A part of an image, in pixels from its upper left corner. */
record CropWindow(int x, int y, int width, int height) {

    private static final int TRIES = 10;

    /**
     * A part of random area (uniform) and aspect ratio (uniform in its logarithm) at a random place. Where none fits
     * in ten tries: the largest part in the middle whose aspect ratio is allowed.
     */
    static CropWindow random(int imageWidth, int imageHeight, Augmentation augmentation, CounterRandom random) {
        double area = (double) imageWidth * imageHeight;
        double minLog = StrictMath.log(augmentation.minAspect());
        double maxLog = StrictMath.log(augmentation.maxAspect());
        for (int i = 0; i < TRIES; i++) {
            double wanted = area * random.nextDouble(augmentation.minArea(), augmentation.maxArea());
            double aspect = StrictMath.exp(random.nextDouble(minLog, maxLog));
            int width = (int) Math.rint(Math.sqrt(wanted * aspect));
            int height = (int) Math.rint(Math.sqrt(wanted / aspect));
            if (width > 0 && width <= imageWidth && height > 0 && height <= imageHeight) {
                int y = random.nextInt(imageHeight - height + 1);
                int x = random.nextInt(imageWidth - width + 1);
                return new CropWindow(x, y, width, height);
            }
        }
        return middle(imageWidth, imageHeight, augmentation);
    }

    private static CropWindow middle(int imageWidth, int imageHeight, Augmentation augmentation) {
        double aspect = (double) imageWidth / imageHeight;
        int width = imageWidth;
        int height = imageHeight;
        if (aspect < augmentation.minAspect()) {
            height = Math.max(1, (int) Math.rint(width / augmentation.minAspect()));
        } else if (aspect > augmentation.maxAspect()) {
            width = Math.max(1, (int) Math.rint(height * augmentation.maxAspect()));
        }
        return new CropWindow((imageWidth - width) / 2, (imageHeight - height) / 2, width, height);
    }
}
