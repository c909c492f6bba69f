package org.sandglass.ops.image;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/** The calls of OpenCV that this package makes, with its own threads off. Thread-safe. */
final class OpenCv {

    private static final String PHYSICAL_BYTES = "org.bytedeco.javacpp.maxPhysicalBytes";
    private static final int DECODE_FLAGS;

    /** Longer than what libjpeg reads ahead. */
    private static final byte[] FILLER = new byte[64];

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

    /**
     * Decodes the upper {@code rows} rows of an image into {@link ImageBuffers#decoded}; all of them if its header does
     * not say how to leave rows out.
     */
    static void decode(byte[] encoded, ImageHeader header, int rows, ImageBuffers buffers) throws ImageFormatException {
        int decodedRows = header.rowsToDecode(rows);
        BytePointer bytes = buffers.encoded(encoded.length + (long) FILLER.length);
        bytes.put(encoded, 0, encoded.length);
        ImageHeader.RowLimit limit = header.rowLimit();
        int length = encoded.length;
        if (limit != null && decodedRows < header.height()) {
            bytes.put(limit.heightAt(), (byte) (decodedRows >> 8));
            bytes.put(limit.heightAt() + 1L, (byte) decodedRows);
            bytes.position(limit.dataEnd()).put(FILLER, 0, FILLER.length).position(0);
            length = limit.dataEnd() + FILLER.length;
        }
        BytePointer pixels = buffers.decoded((long) header.width() * decodedRows * RgbImage.CHANNELS);
        try (Mat source = new Mat(1, length, opencv_core.CV_8UC1, bytes);
                Mat target = new Mat(decodedRows, header.width(), opencv_core.CV_8UC3, pixels);
                Mat image = opencv_imgcodecs.imdecode(source, DECODE_FLAGS, target)) {
            if (image.empty()) {
                throw new ImageFormatException("corrupt: its %d bytes do not decode".formatted(encoded.length));
            }
            if (image.cols() != header.width()
                    || image.rows() != decodedRows
                    || image.data().address() != pixels.address()) {
                throw new ImageFormatException("corrupt: header says %d×%d, decoded %d×%d"
                        .formatted(header.width(), decodedRows, image.cols(), image.rows()));
            }
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
