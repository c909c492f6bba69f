package org.sandglass.job.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A sample as it travels: id (8 bytes), label (4), length of the path (2), path in UTF-8, encoded image.
 *
 * @param path where the table says the image came from; may be empty
 */
@SuppressWarnings("ArrayRecordComponent") // a passing value: never compared
record EncodedSample(long id, int label, String path, byte[] image) {

    static final int HEADER_BYTES = Long.BYTES + Integer.BYTES + Short.BYTES;
    private static final int LONGEST_PATH = 0xffff;

    byte[] pack() {
        byte[] encodedPath = path.getBytes(StandardCharsets.UTF_8);
        // The path is only ever shown, so that one which does not fit may lose its end.
        int pathBytes = Math.min(encodedPath.length, LONGEST_PATH);
        return ByteBuffer.allocate(HEADER_BYTES + pathBytes + image.length)
                .putLong(id)
                .putInt(label)
                .putShort((short) pathBytes)
                .put(encodedPath, 0, pathBytes)
                .put(image)
                .array();
    }

    /** @throws IllegalArgumentException if the bytes are not a packed sample */
    static EncodedSample unpack(byte[] packed) {
        if (packed.length < HEADER_BYTES) {
            throw new IllegalArgumentException("Cannot unpack sample: too short: bytes=" + packed.length);
        }
        ByteBuffer buffer = ByteBuffer.wrap(packed);
        long id = buffer.getLong();
        int label = buffer.getInt();
        int pathBytes = Short.toUnsignedInt(buffer.getShort());
        if (pathBytes > buffer.remaining()) {
            throw new IllegalArgumentException(
                    "Cannot unpack sample: path too long: bytes=%d path=%d".formatted(packed.length, pathBytes));
        }
        String path = new String(packed, HEADER_BYTES, pathBytes, StandardCharsets.UTF_8);
        return new EncodedSample(id, label, path, Arrays.copyOfRange(packed, HEADER_BYTES + pathBytes, packed.length));
    }
}
