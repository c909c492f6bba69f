package org.sandglass.ops.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.sandglass.ops.random.CounterRandom;

/**
 * What is done to the colours of one training image: multiplications in an order, then light.
 *
 * @param changes first to last
 * @param light what is added to red, green and blue, in units of samples scaled to [0, 1]
 */
@SuppressWarnings("ArrayRecordComponent") // never leaves the package, never compared
record Colours(List<Change> changes, double[] light) {

    static final Colours UNCHANGED = new Colours(List.of(), new double[RgbImage.CHANNELS]);

    /**
     * Principal components of the colours of ImageNet's pixels, times the roots of their eigenvalues, by rows red, green
     * and blue: Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", section 4.1, with
     * the numbers of fb.resnet.torch, the paper's reference implementation.
     */
    private static final double[] EIGENVALUES = {0.2175, 0.0188, 0.0045};

    private static final double[][] EIGENVECTORS = {
        {-0.5675, 0.7192, 0.4009}, {-0.5808, -0.0045, -0.8140}, {-0.5836, -0.6948, 0.4203}
    };

    /** What is multiplied. */
    enum Kind {
        BRIGHTNESS,
        CONTRAST,
        SATURATION
    }

    record Change(Kind kind, double factor) {}

    /** Draws what the settings ask for, and nothing else. */
    static Colours random(Augmentation augmentation, CounterRandom random) {
        if (augmentation.colorJitter().isNone() && augmentation.lighting() == 0) {
            return UNCHANGED;
        }
        return new Colours(changes(augmentation.colorJitter(), random), light(augmentation.lighting(), random));
    }

    private static List<Change> changes(ColorJitter jitter, CounterRandom random) {
        List<Change> changes = new ArrayList<>();
        draw(changes, Kind.BRIGHTNESS, jitter.brightness(), random);
        draw(changes, Kind.CONTRAST, jitter.contrast(), random);
        draw(changes, Kind.SATURATION, jitter.saturation(), random);
        for (int i = changes.size() - 1; i > 0; i--) {
            Collections.swap(changes, i, random.nextInt(i + 1));
        }
        return changes;
    }

    private static void draw(List<Change> changes, Kind kind, double strength, CounterRandom random) {
        if (strength > 0) {
            changes.add(new Change(kind, random.nextDouble(Math.max(0, 1 - strength), 1 + strength)));
        }
    }

    private static double[] light(double deviation, CounterRandom random) {
        if (deviation == 0) {
            return UNCHANGED.light();
        }
        double[] strengths = new double[EIGENVALUES.length];
        for (int k = 0; k < strengths.length; k++) {
            strengths[k] = deviation * random.nextGaussian();
        }
        return light(strengths);
    }

    /** The light for the strengths of the principal components. */
    static double[] light(double[] strengths) {
        double[] light = new double[RgbImage.CHANNELS];
        for (int channel = 0; channel < light.length; channel++) {
            for (int k = 0; k < EIGENVALUES.length; k++) {
                light[channel] += EIGENVECTORS[channel][k] * EIGENVALUES[k] * strengths[k];
            }
        }
        return light;
    }

    boolean isUnchanged() {
        return changes.isEmpty() && Arrays.stream(light).allMatch(added -> added == 0);
    }

    /**
     * Applies the multiplications, rounding as Pillow does after each.
     *
     * @param levels samples in [0, 255]: rows of {@code size} red ones, then green, then blue
     */
    void multiply(int[] levels, int size) {
        for (Change change : changes) {
            float factor = (float) change.factor();
            switch (change.kind()) {
                case BRIGHTNESS -> blendWith(levels, 0, factor);
                case CONTRAST -> blendWith(levels, meanLuma(levels, size), factor);
                case SATURATION -> saturate(levels, size, factor);
            }
        }
    }

    private static void blendWith(int[] levels, int level, float factor) {
        for (int i = 0; i < levels.length; i++) {
            levels[i] = blend(level, levels[i], factor);
        }
    }

    private static void saturate(int[] levels, int size, float factor) {
        for (int red = 0; red < levels.length; red += size * (RgbImage.CHANNELS - 1)) {
            for (int end = red + size; red < end; red++) {
                int green = red + size;
                int blue = green + size;
                int luma = luma(levels[red], levels[green], levels[blue]);
                levels[red] = blend(luma, levels[red], factor);
                levels[green] = blend(luma, levels[green], factor);
                levels[blue] = blend(luma, levels[blue], factor);
            }
        }
    }

    private static int meanLuma(int[] levels, int size) {
        int pixels = levels.length / RgbImage.CHANNELS;
        long sum = 0;
        for (int red = 0; red < levels.length; red += size * (RgbImage.CHANNELS - 1)) {
            for (int end = red + size; red < end; red++) {
                sum += luma(levels[red], levels[red + size], levels[red + 2 * size]);
            }
        }
        return (int) ((double) sum / pixels + 0.5);
    }

    /** ITU-R 601-2, in Pillow's fixed-point numbers. */
    private static int luma(int red, int green, int blue) {
        return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
    }

    /** Between, or beyond, a degenerate image's level and the image's own; cut, not rounded, as in Pillow. */
    private static int blend(int degenerate, int level, float factor) {
        float blended = degenerate + factor * (level - degenerate);
        return Math.max(0, Math.min(255, (int) blended));
    }
}
