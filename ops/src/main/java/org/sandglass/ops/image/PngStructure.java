package org.sandglass.ops.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * Walks the chunks of a PNG from its header to its end chunk and checks their sums.
 *
 * <p>Source: W3C Portable Network Graphics specification, sections 5 and 11.
 */
final class PngStructure {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int FRAMING = 12;
    private static final int HEADER_LENGTH = 13;

    private PngStructure() {}

    static boolean matches(byte[] encoded) {
        return encoded.length >= SIGNATURE.length
                && Arrays.equals(encoded, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
    }

    /** @throws ImageFormatException if the file is cut, a chunk's sum is wrong, or there is no header or no data */
    static ImageHeader check(byte[] encoded) throws ImageFormatException {
        ImageHeader header = null;
        boolean data = false;
        int position = SIGNATURE.length;
        while (true) {
            if (encoded.length - position < FRAMING) {
                throw truncated(encoded);
            }
            int length = integer(encoded, position);
            if (length < 0 || length > encoded.length - position - FRAMING) {
                throw truncated(encoded);
            }
            String type = new String(encoded, position + 4, 4, StandardCharsets.ISO_8859_1);
            requireSum(encoded, position, length, type);
            if (header == null) {
                header = header(encoded, position, length, type);
            }
            data |= type.equals("IDAT");
            if (type.equals("IEND")) {
                break;
            }
            position += FRAMING + length;
        }
        if (!data) {
            throw new ImageFormatException("corrupt PNG: no image data before the end chunk");
        }
        return header;
    }

    private static void requireSum(byte[] encoded, int position, int length, String type) throws ImageFormatException {
        CRC32 sum = new CRC32();
        sum.update(encoded, position + 4, length + 4);
        if ((int) sum.getValue() != integer(encoded, position + 8 + length)) {
            throw new ImageFormatException(
                    "corrupt PNG: wrong check sum of chunk %s at byte %d".formatted(type, position));
        }
    }

    private static ImageHeader header(byte[] encoded, int position, int length, String type)
            throws ImageFormatException {
        if (!type.equals("IHDR") || length != HEADER_LENGTH) {
            throw new ImageFormatException("corrupt PNG: does not begin with its header");
        }
        return new ImageHeader(integer(encoded, position + 8), integer(encoded, position + 12)).requireWithinLimit();
    }

    private static ImageFormatException truncated(byte[] encoded) {
        return new ImageFormatException("truncated PNG: no end chunk within its %d bytes".formatted(encoded.length));
    }

    private static int integer(byte[] bytes, int offset) {
        return ByteBuffer.wrap(bytes).getInt(offset);
    }
}
