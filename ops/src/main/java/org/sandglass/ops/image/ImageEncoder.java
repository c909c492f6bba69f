package org.sandglass.ops.image;

import org.bytedeco.opencv.global.opencv_imgcodecs;

/** Encodes RGB images. Thread-safe; equal images give equal bytes. */
public final class ImageEncoder {

    private static final int FAST_PNG_COMPRESSION = 4;

    private ImageEncoder() {}

    /** Lossless. */
    public static byte[] png(RgbImage image) {
        return OpenCv.encode(image, ".png", opencv_imgcodecs.IMWRITE_PNG_COMPRESSION, FAST_PNG_COMPRESSION);
    }

    /**
     * Lossy.
     *
     * @param quality from 1 to 100
     */
    public static byte[] jpeg(RgbImage image, int quality) {
        if (quality < 1 || quality > 100) {
            throw new IllegalArgumentException("Cannot encode a JPEG: quality must be in [1, 100]: " + quality);
        }
        return OpenCv.encode(image, ".jpg", opencv_imgcodecs.IMWRITE_JPEG_QUALITY, quality);
    }
}
