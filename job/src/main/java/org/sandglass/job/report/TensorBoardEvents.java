package org.sandglass.job.report;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file in memory: records of {@code tensorflow.Event} with scalar summaries, each framed by its
 * length and masked CRC-32C sums, as tensorflow's {@code record_writer} does. Not thread-safe.
 */
final class TensorBoardEvents {

    private static final int WALL_TIME = 1;
    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SUMMARY_VALUE = 1;
    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;
    private static final int MASK_DELTA = 0xa282ead8;

    private final ByteArrayOutputStream records = new ByteArrayOutputStream();

    TensorBoardEvents(double wallTime) {
        record(message(event -> {
            event.writeDouble(WALL_TIME, wallTime);
            event.writeString(FILE_VERSION, "brain.Event:2");
        }));
    }

    /** Adds a scalar; {@code wallTime} in seconds since 1970. */
    void scalar(double wallTime, long step, String tag, double value) {
        byte[] entry = message(out -> {
            out.writeString(TAG, tag);
            out.writeFloat(SIMPLE_VALUE, (float) value);
        });
        byte[] summary = message(out -> out.writeByteArray(SUMMARY_VALUE, entry));
        record(message(event -> {
            event.writeDouble(WALL_TIME, wallTime);
            event.writeInt64(STEP, step);
            event.writeByteArray(SUMMARY, summary);
        }));
    }

    byte[] bytes() {
        return records.toByteArray();
    }

    private void record(byte[] data) {
        byte[] length = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length)
                .array();
        records.writeBytes(length);
        records.writeBytes(maskedChecksum(length));
        records.writeBytes(data);
        records.writeBytes(maskedChecksum(data));
    }

    private static byte[] maskedChecksum(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        int masked = Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(masked)
                .array();
    }

    private static byte[] message(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            fields.write(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot encode TensorBoard event", e);
        }
        return bytes.toByteArray();
    }

    private interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }
}
