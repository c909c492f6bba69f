package org.sandglass.job.bench;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.Augmentation;
import org.sandglass.ops.image.ImageBuffers;
import org.sandglass.ops.image.ImageFormatException;
import org.sandglass.ops.image.ImageTransform;
import org.sandglass.ops.image.RgbImage;
import org.sandglass.ops.random.CounterRandom;

/** Times how fast one thread makes encoded images into a network's input. Not thread-safe. */
public final class InputBench implements AutoCloseable {

    /** Which of the two transforms. */
    public enum Transform {
        TRAINING,
        EVALUATION
    }

    private final List<byte[]> images;
    private final Augmentation augmentation;
    private final ImageTransform transform;
    private final Transform kind;
    private final ImageBuffers buffers = new ImageBuffers();
    private final float[] target;
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private int round;

    private InputBench(List<byte[]> images, Transform kind, Augmentation augmentation) {
        this.images = images;
        this.augmentation = augmentation;
        this.kind = kind;
        this.transform = of(kind, augmentation);
        this.target = new float[RgbImage.CHANNELS * augmentation.size() * augmentation.size()];
    }

    /**
     * Reads the files below a directory.
     *
     * @throws JobFailure (usage) if there are none
     */
    public static InputBench open(Path directory, Transform kind, Augmentation augmentation) {
        List<byte[]> images = ImageFiles.read(directory);
        if (images.isEmpty()) {
            throw JobFailure.usage("Cannot measure: no files in " + directory);
        }
        return new InputBench(images, kind, augmentation);
    }

    /** The number of images. */
    public int images() {
        return images.size();
    }

    /** Makes every image into numbers once, with new choices each time; returns seconds of processor time. */
    public double round() {
        long start = threads.getCurrentThreadCpuTime();
        for (int i = 0; i < images.size(); i++) {
            apply(transform, i);
        }
        round++;
        return (threads.getCurrentThreadCpuTime() - start) / 1e9;
    }

    /** Writes what becomes of every image as 8-bit levels, before normalisation. */
    public void writeLevels(Path file) throws IOException {
        Augmentation plain = new Augmentation(
                augmentation.crop(),
                augmentation.padding(),
                augmentation.minArea(),
                augmentation.maxArea(),
                augmentation.minAspect(),
                augmentation.maxAspect(),
                augmentation.flip(),
                augmentation.resize(),
                augmentation.size(),
                Collections.nCopies(RgbImage.CHANNELS, 0.0),
                Collections.nCopies(RgbImage.CHANNELS, 1.0),
                augmentation.interpolation(),
                augmentation.colorJitter(),
                augmentation.lighting());
        ImageTransform levels = of(kind, plain);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < images.size(); i++) {
                apply(levels, i);
                for (float value : target) {
                    out.write(Math.round(value * 255));
                }
            }
        }
    }

    @Override
    public void close() {
        buffers.close();
    }

    private void apply(ImageTransform applied, int image) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.AUGMENTATION, 0, round, image);
        try {
            applied.apply(images.get(image), random, buffers, target, 0);
        } catch (ImageFormatException e) {
            throw JobFailure.data("Cannot decode image: number " + image + " of the directory: " + e.getMessage(), e);
        }
    }

    private static ImageTransform of(Transform kind, Augmentation augmentation) {
        return kind == Transform.TRAINING
                ? ImageTransform.training(augmentation)
                : ImageTransform.evaluation(augmentation);
    }
}
