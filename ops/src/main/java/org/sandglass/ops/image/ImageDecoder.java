package org.sandglass.ops.image;

import java.util.HexFormat;

/**
 * Decodes JPEG and PNG to 8-bit RGB.
 *
 * <p>Gray, palette, CMYK and YCCK images, transparency (dropped) and 16-bit samples (upper byte) become RGB; an EXIF
 * orientation is ignored, as torchvision and Pillow do. The format is told by the first bytes, never by a name. An
 * image that was cut, whose check sums are wrong, or that claims more than 178 million pixels is refused before its
 * pixels are touched. Thread-safe; native memory is released before a call returns.
 */
public final class ImageDecoder {

    private static final int SHOWN_BYTES = 4;

    private ImageDecoder() {}

    /**
     * Decodes one whole image.
     *
     * @throws ImageFormatException with the reason, if these bytes are not one whole JPEG or PNG
     */
    public static RgbImage decode(byte[] encoded) throws ImageFormatException {
        ImageHeader header = header(encoded);
        RgbImage image = OpenCv.decode(encoded);
        if (image.width() != header.width() || image.height() != header.height()) {
            throw new ImageFormatException("corrupt: header says %d×%d, decoded %d×%d"
                    .formatted(header.width(), header.height(), image.width(), image.height()));
        }
        return image;
    }

    private static ImageHeader header(byte[] encoded) throws ImageFormatException {
        if (encoded.length == 0) {
            throw new ImageFormatException("empty: 0 bytes");
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
