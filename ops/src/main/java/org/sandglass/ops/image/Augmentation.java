package org.sandglass.ops.image;

import java.io.Serializable;
import java.util.List;

/**
 * How an image of any size becomes the network's input of {@code size × size}.
 *
 * @param crop which part of a training image is taken
 * @param padding black pixels around the image before a {@link Crop#PAD} crop
 * @param minArea smallest fraction of the image's area in a {@link Crop#RANDOM_RESIZED} crop
 * @param maxArea largest fraction
 * @param minAspect smallest width / height of such a crop before it is resized
 * @param maxAspect largest width / height
 * @param flip whether half of the training images are mirrored
 * @param resize shorter side in evaluation, before the centre crop; for {@link Crop#RANDOM_RESIZED} only
 * @param size side of the result, in pixels
 * @param mean per channel (red, green, blue), of samples scaled to [0, 1]
 * @param std standard deviation per channel, likewise
 * @param interpolation how images are resized, in training and evaluation
 * @param colorJitter how far colours vary in training
 * @param lighting standard deviation of the strengths of ImageNet's principal colours that are added in training; 0.1 in
 *     AlexNet
 */
public record Augmentation(
        Crop crop,
        int padding,
        double minArea,
        double maxArea,
        double minAspect,
        double maxAspect,
        boolean flip,
        int resize,
        int size,
        List<Double> mean,
        List<Double> std,
        Interpolation interpolation,
        ColorJitter colorJitter,
        double lighting)
        implements Serializable {

    /** Which part of a training image is taken. */
    public enum Crop {
        /** A random area and aspect ratio anywhere in the image, resized (paper, section 5: "scale and aspect ratio"). */
        RANDOM_RESIZED,
        /** A random square of the padded image. An image of another size is first resized and centre-cropped. */
        PAD,
        /** The image as it is. An image of another size is resized and centre-cropped. */
        NONE
    }

    /** Bilinear, without changes of colour. */
    public Augmentation(
            Crop crop,
            int padding,
            double minArea,
            double maxArea,
            double minAspect,
            double maxAspect,
            boolean flip,
            int resize,
            int size,
            List<Double> mean,
            List<Double> std) {
        this(
                crop,
                padding,
                minArea,
                maxArea,
                minAspect,
                maxAspect,
                flip,
                resize,
                size,
                mean,
                std,
                Interpolation.BILINEAR,
                ColorJitter.NONE,
                0);
    }

    /** @throws IllegalArgumentException naming the setting that cannot be */
    public Augmentation {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        require(size > 0, "size must be positive", size);
        require(padding >= 0, "padding must not be negative", padding);
        require(minArea > 0 && minArea <= maxArea && maxArea <= 1, "0 < minArea <= maxArea <= 1", minArea, maxArea);
        require(
                minAspect > 0 && minAspect <= maxAspect && maxAspect < Double.POSITIVE_INFINITY,
                "0 < minAspect <= maxAspect",
                minAspect,
                maxAspect);
        require(crop != Crop.RANDOM_RESIZED || resize >= size, "resize must be at least size", resize, size);
        require(mean.size() == RgbImage.CHANNELS, "mean must have three numbers", mean);
        require(std.size() == RgbImage.CHANNELS, "std must have three numbers", std);
        require(lighting >= 0 && lighting < Double.POSITIVE_INFINITY, "lighting must not be negative", lighting);
        require(std.stream().allMatch(deviation -> deviation > 0), "std must be positive", std);
    }

    private static void require(boolean condition, String rule, Object... values) {
        if (!condition) {
            throw new IllegalArgumentException(
                    "Cannot augment: %s: %s".formatted(rule, java.util.Arrays.toString(values)));
        }
    }
}
