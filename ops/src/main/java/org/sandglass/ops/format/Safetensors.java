package org.sandglass.ops.format;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.sandglass.ops.tensor.NamedTensor;

/**
 * The safetensors format: 8 bytes little-endian header length, a JSON header of types, shapes and offsets, the values.
 *
 * <p>Tensors are written in the order of their names, so the same tensors always make the same file. All memory
 * beyond the tensors is one piece of 64 KiB and the header. Thread-safe.
 */
public final class Safetensors {

    /** The longest header that is believed, as in the reference implementation. */
    static final int MAX_HEADER_BYTES = 100_000_000;

    private static final int HEADER_ALIGNMENT = 8;
    private static final ObjectMapper JSON = new ObjectMapper();

    private Safetensors() {}

    /**
     * What a file holds.
     *
     * @param tensors by name, in the order of the file, each in heap memory of its own
     */
    public record Contents(Map<String, String> metadata, Map<String, NamedTensor> tensors) {

        public Contents {
            metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
            tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        }
    }

    /**
     * Writes a file; {@code out} is left open.
     *
     * @throws IllegalArgumentException if two tensors have the same name, or one has the name of the metadata
     */
    public static void write(OutputStream out, Map<String, String> metadata, List<NamedTensor> tensors)
            throws IOException {
        List<NamedTensor> sorted = inNameOrder(tensors);
        byte[] header = header(metadata, sorted);
        out.write(ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .array());
        out.write(header);
        TensorBytes bytes = new TensorBytes();
        for (NamedTensor tensor : sorted) {
            bytes.write(tensor.values(), out::write);
        }
    }

    /**
     * Reads a file of fp32 tensors, believing nothing before it is checked; {@code in} is left open.
     *
     * @param length bytes from here to the file's end
     * @throws FormatException if the file is malformed, ends early, or holds a tensor of another type
     */
    public static Contents read(InputStream in, long length) throws IOException {
        SafetensorsHeader header = SafetensorsHeader.read(in, length);
        TensorBytes bytes = new TensorBytes();
        Map<String, NamedTensor> tensors = new LinkedHashMap<>();
        for (SafetensorsHeader.Entry entry : header.entries()) {
            FloatBuffer values = FloatBuffer.allocate((int) entry.shape().elements());
            if (!bytes.read(in, values)) {
                throw new FormatException("Cannot read safetensors: the file ends within tensor " + entry.name());
            }
            tensors.put(entry.name(), new NamedTensor(entry.name(), entry.shape(), values));
        }
        return new Contents(header.metadata(), tensors);
    }

    /**
     * SHA-256, in lower-case hexadecimal, of the tensors' little-endian fp32 bytes one after the other in the order of
     * their names: of exactly the bytes that follow the header in a file that {@link #write} makes.
     */
    public static String sha256(List<NamedTensor> tensors) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            TensorBytes bytes = new TensorBytes();
            for (NamedTensor tensor : inNameOrder(tensors)) {
                bytes.write(tensor.values(), digest::update);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256", e);
        } catch (IOException e) {
            throw new UncheckedIOException("Digests do no input or output", e);
        }
    }

    private static List<NamedTensor> inNameOrder(List<NamedTensor> tensors) {
        List<NamedTensor> sorted =
                tensors.stream().sorted(Comparator.comparing(NamedTensor::name)).toList();
        for (int i = 1; i < sorted.size(); i++) {
            if (sorted.get(i).name().equals(sorted.get(i - 1).name())) {
                throw new IllegalArgumentException(
                        "Cannot write tensors: two are named " + sorted.get(i).name());
            }
        }
        return sorted;
    }

    private static byte[] header(Map<String, String> metadata, List<NamedTensor> sorted) throws IOException {
        ByteArrayOutputStream header = new ByteArrayOutputStream();
        try (JsonGenerator json = JSON.createGenerator(header)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectField(SafetensorsHeader.METADATA, new TreeMap<>(metadata));
            }
            long offset = 0;
            for (NamedTensor tensor : sorted) {
                if (tensor.name().equals(SafetensorsHeader.METADATA)) {
                    throw new IllegalArgumentException(
                            "Cannot write tensors: one has the reserved name " + SafetensorsHeader.METADATA);
                }
                long end = offset + tensor.shape().elements() * Float.BYTES;
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", "F32");
                json.writeObjectField("shape", tensor.shape().dimensions());
                json.writeObjectField("data_offsets", List.of(offset, end));
                json.writeEndObject();
                offset = end;
            }
            json.writeEndObject();
        }
        while (header.size() % HEADER_ALIGNMENT != 0) {
            header.write(' ');
        }
        return header.toByteArray();
    }
}
