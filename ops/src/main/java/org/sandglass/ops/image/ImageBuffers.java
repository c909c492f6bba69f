package org.sandglass.ops.image;

import org.bytedeco.javacpp.BytePointer;

/**
 * What a thread reuses from image to image, so that decoding and transforming one allocates next to nothing. For one
 * thread at a time; memory for unusually large images is given back with the next one.
 */
public final class ImageBuffers implements AutoCloseable {

    private static final long KEPT_BYTES = 64L << 20;

    final Resampler resampler = new Resampler();
    private BytePointer encoded = new BytePointer();
    private BytePointer decoded = new BytePointer();
    private byte[] window = {};
    private int[] levels = {};
    private int[] row = {};

    /** Native memory for a file. */
    BytePointer encoded(long bytes) {
        encoded = grown(encoded, bytes);
        return encoded;
    }

    /** Native memory for decoded pixels. */
    BytePointer decoded(long bytes) {
        decoded = grown(decoded, bytes);
        return decoded;
    }

    /** Copies part of the decoded image, whose rows have {@code width} pixels. */
    Pixels copy(CropWindow part, int width) {
        int row = part.width() * RgbImage.CHANNELS;
        int bytes = Math.multiplyExact(row, part.height());
        if (window.length < bytes || window.length > KEPT_BYTES) {
            window = new byte[bytes];
        }
        for (int y = 0; y < part.height(); y++) {
            decoded.position(((long) (part.y() + y) * width + part.x()) * RgbImage.CHANNELS)
                    .get(window, y * row, row);
        }
        decoded.position(0);
        return new Pixels(window, part.x(), part.y(), part.width());
    }

    /** Whole numbers for a picture. */
    int[] levels(int length) {
        if (levels.length != length) {
            levels = new int[length];
        }
        return levels;
    }

    /** Whole numbers for a row of it. */
    int[] row(int length) {
        if (row.length != length) {
            row = new int[length];
        }
        return row;
    }

    @Override
    public void close() {
        encoded.close();
        decoded.close();
    }

    private static BytePointer grown(BytePointer memory, long bytes) {
        if (memory.capacity() >= bytes && memory.capacity() <= KEPT_BYTES) {
            return memory;
        }
        memory.close();
        return new BytePointer(bytes + bytes / 4);
    }
}
