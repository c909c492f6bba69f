package org.sandglass.ops.format;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * A protocol buffers message that is built field by field and written when it is whole, its length first.
 *
 * <p>Tensor values are not copied into it: their length is known, so they are streamed when it is written.
 */
final class ProtoMessage {

    private final List<Field> fields = new ArrayList<>();
    private long length;

    /** A field whose encoded length is known before it is written. */
    private interface Field {
        void write(CodedOutputStream out) throws IOException;
    }

    /** Encodes something small. */
    private interface Encoder {
        void encode(CodedOutputStream out) throws IOException;
    }

    /** Writes a value whose length was given. */
    interface Payload {
        void write(CodedOutputStream out) throws IOException;
    }

    ProtoMessage number(int field, long value) {
        return encoded(out -> out.writeInt64(field, value));
    }

    ProtoMessage real(int field, float value) {
        return encoded(out -> out.writeFloat(field, value));
    }

    ProtoMessage text(int field, String value) {
        return encoded(out -> out.writeString(field, value));
    }

    ProtoMessage message(int field, ProtoMessage message) {
        return payload(field, message.length, message::writeFields);
    }

    ProtoMessage payload(int field, long payloadLength, Payload payload) {
        encoded(out -> {
            out.writeTag(field, 2);
            out.writeUInt64NoTag(payloadLength);
        });
        fields.add(payload::write);
        length += payloadLength;
        return this;
    }

    /** @throws IllegalArgumentException if it is longer than the format's readers accept */
    void writeTo(OutputStream out) throws IOException {
        if (length > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "Cannot write a message of " + length + " bytes: at most 2 GiB can be read back");
        }
        CodedOutputStream coded = CodedOutputStream.newInstance(out);
        writeFields(coded);
        coded.flush();
    }

    private void writeFields(CodedOutputStream out) throws IOException {
        for (Field field : fields) {
            field.write(out);
        }
    }

    private ProtoMessage encoded(Encoder encoder) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            encoder.encode(out);
            out.flush();
        } catch (IOException e) {
            throw new IllegalStateException("Memory does no input or output", e);
        }
        byte[] encoded = bytes.toByteArray();
        fields.add(out -> out.writeRawBytes(encoded));
        length += encoded.length;
        return this;
    }
}
