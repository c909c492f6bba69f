package org.sandglass.job.data.prepare;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.RgbImage;

/** The images of one batch file, as PNGs: a record is a label and the red, green and blue plane of 32 × 32 each. */
final class Cifar10Batch implements Iterator<PreparedImage>, AutoCloseable {

    static final int SIDE = 32;
    static final int PLANE = SIDE * SIDE;
    static final int RECORD = 1 + RgbImage.CHANNELS * PLANE;

    private final InputStream in;
    private final String name;
    private final int classes;
    private byte[] record = new byte[0];
    private int index;

    Cifar10Batch(InputStream in, String name, int classes) {
        this.in = in;
        this.name = name;
        this.classes = classes;
    }

    @Override
    public boolean hasNext() {
        if (record.length == 0) {
            record = read();
        }
        return record.length == RECORD;
    }

    @Override
    public PreparedImage next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        int label = record[0] & 0xff;
        if (label >= classes) {
            throw JobFailure.data("Cannot read CIFAR-10: image %d of %s: label %d is not in [0, %d)"
                    .formatted(index, name, label, classes));
        }
        byte[] png = ImageEncoder.png(image(record));
        String path = "%s/%05d.png".formatted(name.replace(".bin", ""), index);
        index++;
        record = new byte[0];
        return new PreparedImage(png, path, label);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private byte[] read() {
        try {
            byte[] bytes = in.readNBytes(RECORD);
            if (bytes.length != 0 && bytes.length != RECORD) {
                throw JobFailure.data("Cannot read CIFAR-10: %s: ends within image %d".formatted(name, index));
            }
            return bytes;
        } catch (IOException e) {
            throw JobFailure.data("Cannot read CIFAR-10: %s: %s".formatted(name, e.getMessage()));
        }
    }

    private static RgbImage image(byte[] record) {
        byte[] pixels = new byte[RgbImage.CHANNELS * PLANE];
        for (int i = 0; i < PLANE; i++) {
            for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
                pixels[i * RgbImage.CHANNELS + channel] = record[1 + channel * PLANE + i];
            }
        }
        return new RgbImage(SIDE, SIDE, pixels);
    }
}
