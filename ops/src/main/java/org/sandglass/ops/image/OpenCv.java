package org.sandglass.ops.image;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * The calls of OpenCV that this package makes, with its own threads off. Thread-safe; native memory is released before
 * a call returns.
 */
final class OpenCv {

    private static final String PHYSICAL_BYTES = "org.bytedeco.javacpp.maxPhysicalBytes";
    private static final int DECODE_FLAGS;

    static {
        // Whichever preset is first to load settles this for the process, and devices hold more than a small heap's
        // worth.
        if (System.getProperty(PHYSICAL_BYTES) == null) {
            System.setProperty(PHYSICAL_BYTES, "0");
        }
        opencv_core.setNumThreads(0);
        DECODE_FLAGS = opencv_imgcodecs.IMREAD_COLOR_RGB | opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;
    }

    private OpenCv() {}

    static RgbImage decode(byte[] encoded) throws ImageFormatException {
        try (BytePointer bytes = new BytePointer(encoded);
                Mat source = new Mat(1, encoded.length, opencv_core.CV_8UC1, bytes);
                Mat image = opencv_imgcodecs.imdecode(source, DECODE_FLAGS)) {
            if (image.empty()) {
                throw new ImageFormatException("corrupt: its %d bytes do not decode".formatted(encoded.length));
            }
            byte[] pixels =
                    new byte[Math.multiplyExact(Math.multiplyExact(image.cols(), image.rows()), RgbImage.CHANNELS)];
            image.data().get(pixels);
            return new RgbImage(image.cols(), image.rows(), pixels);
        } catch (RuntimeException e) { // what OpenCV throws arrives as RuntimeException
            throw new ImageFormatException("corrupt: " + e.getMessage(), e);
        }
    }

    /** Encodes as the format of {@code extension}, with OpenCV's parameter pairs. */
    static byte[] encode(RgbImage image, String extension, int... parameters) {
        byte[] bgr = swapped(image.pixels());
        try (BytePointer pixels = new BytePointer(bgr);
                Mat source = new Mat(image.height(), image.width(), opencv_core.CV_8UC3, pixels);
                BytePointer encoded = new BytePointer((Pointer) null);
                IntPointer options = new IntPointer(parameters)) {
            if (!opencv_imgcodecs.imencode(extension, source, encoded, options)) {
                throw new IllegalStateException("Cannot encode %s as %s".formatted(image, extension));
            }
            byte[] bytes = new byte[Math.toIntExact(encoded.limit())];
            encoded.get(bytes);
            return bytes;
        }
    }

    private static byte[] swapped(byte[] rgb) {
        byte[] bgr = new byte[rgb.length];
        for (int i = 0; i < rgb.length; i += RgbImage.CHANNELS) {
            bgr[i] = rgb[i + 2];
            bgr[i + 1] = rgb[i + 1];
            bgr[i + 2] = rgb[i];
        }
        return bgr;
    }
}
