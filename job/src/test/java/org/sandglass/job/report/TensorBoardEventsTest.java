package org.sandglass.job.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class TensorBoardEventsTest {

    @Test
    void shouldFrameRecordsByLengthAndMaskedChecksums() {
        TensorBoardEvents events = new TensorBoardEvents(1.5);
        events.scalar(2.5, 7, "training/loss", 0.25);
        ByteBuffer file = ByteBuffer.wrap(events.bytes()).order(ByteOrder.LITTLE_ENDIAN);

        assertThat(new String(next(file), StandardCharsets.ISO_8859_1)).endsWith("brain.Event:2");
        ByteBuffer event = ByteBuffer.wrap(next(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(event.get()).isEqualTo((byte) 0x09);
        assertThat(event.getDouble()).isEqualTo(2.5);
        assertThat(event.get()).isEqualTo((byte) 0x10);
        assertThat(event.get()).isEqualTo((byte) 7);
        assertThat(event.get()).isEqualTo((byte) 0x2a);
        assertThat(event.get()).isEqualTo((byte) event.remaining());
        assertThat(file.hasRemaining()).isFalse();
    }

    @Test
    void shouldMaskAsTensorflowDoes() {
        // The header of the first record of any file whose version event has 24 bytes, as the tensorboard package
        // writes it.
        ByteBuffer file = ByteBuffer.wrap(new TensorBoardEvents(1.5).bytes()).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(file.getLong(0)).isEqualTo(24);
        assertThat(file.getInt(8)).isEqualTo(0x224b7fa3);
    }

    private static byte[] next(ByteBuffer file) {
        byte[] length = new byte[8];
        file.duplicate().get(length);
        int size = (int) file.getLong();
        assertThat(file.getInt()).isEqualTo(masked(length));
        byte[] data = new byte[size];
        file.get(data);
        assertThat(file.getInt()).isEqualTo(masked(data));
        return data;
    }

    private static int masked(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        int value = (int) crc.getValue();
        return ((value >>> 15) | (value << 17)) + 0xa282ead8;
    }
}
