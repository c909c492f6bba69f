package org.sandglass.ops.image;

/** How part of an image is resized: across and down. */
record Resampling(ResampleAxis across, ResampleAxis down) {

    /** Part of the image, resized to a square. */
    static Resampling ofPart(Interpolation filter, CropWindow part, int size) {
        return new Resampling(
                ResampleAxis.of(filter, part.x(), part.width(), size, 0, size),
                ResampleAxis.of(filter, part.y(), part.height(), size, 0, size));
    }

    /** A whole image of {@code width × height} with its shorter side resized, and of that the square in the middle. */
    static Resampling centred(Interpolation filter, int width, int height, int shorterSide, int size) {
        int shorter = Math.min(width, height);
        int resizedWidth = Math.toIntExact((long) shorterSide * width / shorter);
        int resizedHeight = Math.toIntExact((long) shorterSide * height / shorter);
        return new Resampling(
                ResampleAxis.of(filter, 0, width, resizedWidth, middle(resizedWidth, size), size),
                ResampleAxis.of(filter, 0, height, resizedHeight, middle(resizedHeight, size), size));
    }

    /** The part of the image that is looked at. */
    CropWindow source() {
        return new CropWindow(across.begin(), down.begin(), across.end() - across.begin(), down.end() - down.begin());
    }

    /** Rounds halves to even, as torchvision does. */
    private static int middle(int extent, int size) {
        return (int) Math.rint((extent - size) / 2.0);
    }
}
