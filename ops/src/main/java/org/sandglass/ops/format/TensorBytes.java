package org.sandglass.ops.format;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Moves fp32 values between buffers and little-endian bytes, a piece at a time. */
final class TensorBytes {

    private static final int PIECE_BYTES = 1 << 16;

    private final byte[] bytes = new byte[PIECE_BYTES];
    private final FloatBuffer floats =
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();

    /** Takes bytes; {@link java.io.OutputStream#write(byte[], int, int)} and digests fit. */
    @FunctionalInterface
    interface Sink {
        void accept(byte[] bytes, int offset, int length) throws IOException;
    }

    void write(FloatBuffer values, Sink sink) throws IOException {
        FloatBuffer source = values.duplicate();
        while (source.hasRemaining()) {
            int count = Math.min(source.remaining(), floats.capacity());
            floats.put(0, source, source.position(), count);
            source.position(source.position() + count);
            sink.accept(bytes, 0, count * Float.BYTES);
        }
    }

    /** Fills {@code values}; {@code false} if the stream ends before. */
    boolean read(InputStream in, FloatBuffer values) throws IOException {
        FloatBuffer target = values.duplicate();
        while (target.hasRemaining()) {
            int count = Math.min(target.remaining(), floats.capacity());
            if (in.readNBytes(bytes, 0, count * Float.BYTES) < count * Float.BYTES) {
                return false;
            }
            target.put(target.position(), floats, 0, count);
            target.position(target.position() + count);
        }
        return true;
    }
}
