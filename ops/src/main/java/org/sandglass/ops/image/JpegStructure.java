package org.sandglass.ops.image;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Walks the markers of a JPEG from its start to its end-of-image marker.
 *
 * <p>The decoder fills in what is missing of a file that was cut and reports success, so completeness is decided here:
 * a file without its end-of-image marker was cut, wherever that was. Thumbnails inside of segments do not count, and
 * what follows the marker is ignored, as decoders do. Source: ITU-T T.81, annex B.
 */
final class JpegStructure {

    private static final int START_OF_IMAGE = 0xd8;
    private static final int END_OF_IMAGE = 0xd9;
    private static final int START_OF_SCAN = 0xda;
    private static final int BASELINE = 0xc0;
    private static final int EXTENDED = 0xc1;
    private static final int TEMPORARY = 0x01;

    /** A progressive JPEG of a few kilobytes can ask for thousands of passes over its pixels; cameras write about ten. */
    private static final int SCAN_LIMIT = 100;

    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long LOWEST_BITS = 0x0101010101010101L;
    private static final long HIGHEST_BITS = 0x8080808080808080L;

    private final byte[] encoded;
    private int position;

    private JpegStructure(byte[] encoded) {
        this.encoded = encoded;
    }

    static boolean matches(byte[] encoded) {
        return encoded.length >= 3
                && encoded[0] == (byte) 0xff
                && encoded[1] == (byte) START_OF_IMAGE
                && encoded[2] == (byte) 0xff;
    }

    /** @throws ImageFormatException if the file is cut, has no frame or no scan, or more scans than anybody writes */
    static ImageHeader check(byte[] encoded) throws ImageFormatException {
        return new JpegStructure(encoded).walk();
    }

    private ImageHeader walk() throws ImageFormatException {
        ImageHeader frame = null;
        int heightAt = 0;
        int scans = 0;
        int last = START_OF_IMAGE;
        position = 2;
        while (true) {
            int marker = nextMarker();
            if (marker == END_OF_IMAGE) {
                break;
            }
            last = marker;
            if (standsAlone(marker)) {
                continue;
            }
            int start = position;
            int length = segmentLength(marker);
            if (startsFrame(marker)) {
                frame = frame(start, length);
                heightAt = marker == BASELINE || marker == EXTENDED ? start + 3 : 0;
            } else if (marker == START_OF_SCAN) {
                if (frame == null) {
                    throw new ImageFormatException("corrupt JPEG: a scan before the frame header at byte " + start);
                }
                scans++;
                if (scans > SCAN_LIMIT) {
                    throw new ImageFormatException("too large: more than %d scans".formatted(SCAN_LIMIT));
                }
            }
            position = start + length;
        }
        if (frame == null || scans == 0) {
            throw new ImageFormatException("corrupt JPEG: no image data before the end-of-image marker");
        }
        boolean oneRun = heightAt > 0 && scans == 1 && last == START_OF_SCAN;
        return oneRun ? frame.withRowLimit(new ImageHeader.RowLimit(heightAt, position - 2)) : frame;
    }

    /** The next marker, over whatever lies before it: a scan's data, fill bytes, or bytes that do not belong there. */
    private int nextMarker() throws ImageFormatException {
        byte[] bytes = encoded;
        int last = bytes.length - 1;
        int i = position;
        while (i < last) {
            if (bytes[i] != (byte) 0xff) {
                i++;
                while (i <= bytes.length - Long.BYTES && !holdsFf((long) WORDS.get(bytes, i))) {
                    i += Long.BYTES;
                }
                continue;
            }
            int code = bytes[i + 1] & 0xff;
            if (code == 0xff) {
                i++;
            } else if (code == 0) {
                i += 2;
            } else {
                position = i + 2;
                return code;
            }
        }
        throw truncated();
    }

    /** Whether one of eight bytes is ff: its complement is the only byte from which subtracting 1 borrows. */
    private static boolean holdsFf(long word) {
        return (~word - LOWEST_BITS & word & HIGHEST_BITS) != 0;
    }

    private int segmentLength(int marker) throws ImageFormatException {
        if (encoded.length - position < 2) {
            throw truncated();
        }
        int length = unsignedShort(position);
        if (length < 2) {
            throw new ImageFormatException(
                    "corrupt JPEG: segment %02x at byte %d has length %d".formatted(marker, position - 2, length));
        }
        if (length > encoded.length - position) {
            throw truncated();
        }
        return length;
    }

    private ImageHeader frame(int start, int length) throws ImageFormatException {
        if (length < 8) {
            throw new ImageFormatException("corrupt JPEG: frame header of %d bytes".formatted(length));
        }
        return new ImageHeader(unsignedShort(start + 5), unsignedShort(start + 3)).requireWithinLimit();
    }

    private ImageFormatException truncated() {
        return new ImageFormatException(
                "truncated JPEG: no end-of-image marker within its %d bytes".formatted(encoded.length));
    }

    private int unsignedShort(int offset) {
        return ((encoded[offset] & 0xff) << 8) | (encoded[offset + 1] & 0xff);
    }

    private static boolean startsFrame(int marker) {
        return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    }

    private static boolean standsAlone(int marker) {
        return (marker >= 0xd0 && marker <= START_OF_IMAGE) || marker == TEMPORARY;
    }
}
