package org.sandglass.ops.image;

import java.util.HexFormat;

/**
 * Decodes JPEG and PNG to 8-bit RGB.
 *
 * <p>Gray, palette, CMYK and YCCK images, transparency (dropped) and 16-bit samples (upper byte) become RGB; an EXIF
 * orientation is ignored, as torchvision and Pillow do. The format is told by the first bytes, never by a name. An
 * image that was cut, whose check sums are wrong, that has more than 256 MiB, claims more than 178 million pixels or,
 * being a progressive JPEG, has more than 100 scans is refused before anything of its size is allocated. Thread-safe;
 * native memory is released before a call returns.
 */
public final class ImageDecoder {

    /** Ten times the largest of ImageNet. */
    static final int BYTE_LIMIT = 256 << 20;

    private static final int SHOWN_BYTES = 4;

    private ImageDecoder() {}

    /**
     * Decodes one whole image.
     *
     * @throws ImageFormatException with the reason, if these bytes are not one whole JPEG or PNG
     */
    public static RgbImage decode(byte[] encoded) throws ImageFormatException {
        ImageHeader header = header(encoded);
        try (ImageBuffers buffers = new ImageBuffers()) {
            OpenCv.decode(encoded, header, header.height(), buffers);
            CropWindow whole = new CropWindow(0, 0, header.width(), header.height());
            return new RgbImage(
                    header.width(),
                    header.height(),
                    buffers.copy(whole, header.width()).bytes());
        }
    }

    /** Decodes part of an image, and leaves out what is below it where the format allows that. */
    static Pixels decode(byte[] encoded, ImageHeader header, CropWindow part, ImageBuffers buffers)
            throws ImageFormatException {
        OpenCv.decode(encoded, header, part.y() + part.height(), buffers);
        return buffers.copy(part, header.width());
    }

    /**
     * Checks an image's structure and reads its header; nothing of the image's size is allocated.
     *
     * @throws ImageFormatException with the reason, if these bytes are not one whole JPEG or PNG within the limits
     */
    static ImageHeader header(byte[] encoded) throws ImageFormatException {
        if (encoded.length == 0) {
            throw new ImageFormatException("empty: 0 bytes");
        }
        if (encoded.length > BYTE_LIMIT) {
            throw new ImageFormatException(
                    "too large: %d bytes are more than %d".formatted(encoded.length, BYTE_LIMIT));
        }
        if (JpegStructure.matches(encoded)) {
            return JpegStructure.check(encoded);
        }
        if (PngStructure.matches(encoded)) {
            return PngStructure.check(encoded);
        }
        throw new ImageFormatException("not a JPEG or PNG (first bytes %s)".formatted(firstBytes(encoded)));
    }

    private static String firstBytes(byte[] encoded) {
        return HexFormat.ofDelimiter(" ").formatHex(encoded, 0, Math.min(SHOWN_BYTES, encoded.length));
    }
}
