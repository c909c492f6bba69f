package org.sandglass.ops.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sandglass.ops.tensor.Shape;

/**
 * A header of a safetensors file that was checked whole: its tensors are fp32 and fill the file without gap or overlap.
 *
 * @param entries in the order of their values in the file
 */
record SafetensorsHeader(Map<String, String> metadata, List<Entry> entries) {

    /** Name in the header that stands for the metadata and not for a tensor. */
    static final String METADATA = "__metadata__";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY, DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /**
     * Where a tensor's values are.
     *
     * @param begin first byte, counted from the header's end
     * @param end the byte after the last
     */
    record Entry(String name, Shape shape, long begin, long end) {}

    /** @param length bytes from here to the file's end */
    static SafetensorsHeader read(InputStream in, long length) throws IOException {
        if (length < Long.BYTES) {
            throw malformed("it has " + length + " bytes, fewer than the 8 that state the header's length");
        }
        long headerLength = ByteBuffer.wrap(exactly(in, Long.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        if (headerLength < 2 || headerLength > Safetensors.MAX_HEADER_BYTES || headerLength > length - Long.BYTES) {
            throw malformed("offset 0: header length " + Long.toUnsignedString(headerLength) + " in a file of " + length
                    + " bytes (at most " + Safetensors.MAX_HEADER_BYTES + ")");
        }
        JsonNode header = parse(exactly(in, (int) headerLength));
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : header.properties()) {
            if (field.getKey().equals(METADATA)) {
                metadata = metadata(field.getValue());
            } else {
                entries.add(entry(field.getKey(), field.getValue()));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::begin));
        requireContiguous(entries, length - Long.BYTES - headerLength);
        return new SafetensorsHeader(metadata, List.copyOf(entries));
    }

    private static JsonNode parse(byte[] header) throws FormatException {
        if (header[0] != '{') {
            throw malformed("offset 8: the header does not begin with {");
        }
        try {
            return JSON.readTree(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(header))
                    .toString());
        } catch (CharacterCodingException e) {
            throw malformed("the header is not UTF-8");
        } catch (JsonProcessingException e) {
            throw malformed("the header is not JSON: " + e.getOriginalMessage());
        }
    }

    private static Map<String, String> metadata(JsonNode node) throws FormatException {
        Map<String, String> metadata = new LinkedHashMap<>();
        if (!node.isObject()) {
            throw malformed(METADATA + " is not an object");
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (!field.getValue().isTextual()) {
                throw malformed(METADATA + "." + field.getKey() + " is not a string");
            }
            metadata.put(field.getKey(), field.getValue().textValue());
        }
        return metadata;
    }

    private static Entry entry(String name, JsonNode node) throws FormatException {
        String type = node.path("dtype").asText("missing");
        if (!type.equals("F32")) {
            throw malformed("tensor " + name + ": dtype " + type + " (only F32 is supported)");
        }
        List<Long> extents = numbers(name, "shape", node.path("shape"));
        List<Long> offsets = numbers(name, "data_offsets", node.path("data_offsets"));
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
            throw malformed("tensor " + name + ": data_offsets " + offsets);
        }
        long bytes = Float.BYTES;
        for (long extent : extents) {
            // Larger than a buffer can be, which also keeps the product from overflowing.
            if (extent == 0 || extent > Integer.MAX_VALUE / bytes) {
                throw malformed("tensor " + name + ": shape " + extents + " is empty or too large");
            }
            bytes *= extent;
        }
        if (bytes != offsets.get(1) - offsets.get(0)) {
            throw malformed("tensor " + name + ": shape " + extents + " needs " + bytes + " bytes, data_offsets "
                    + offsets + " give it " + (offsets.get(1) - offsets.get(0)));
        }
        Shape shape = new Shape(extents.stream().map(Math::toIntExact).toList());
        return new Entry(name, shape, offsets.get(0), offsets.get(1));
    }

    private static List<Long> numbers(String name, String field, JsonNode node) throws FormatException {
        List<Long> numbers = new ArrayList<>();
        for (JsonNode element : node) {
            if (!element.isIntegralNumber() || !element.canConvertToLong() || element.longValue() < 0) {
                throw malformed("tensor " + name + ": " + field + " holds " + element);
            }
            numbers.add(element.longValue());
        }
        if (!node.isArray()) {
            throw malformed("tensor " + name + ": " + field + " is not an array");
        }
        return numbers;
    }

    private static void requireContiguous(List<Entry> entries, long dataLength) throws FormatException {
        long offset = 0;
        for (Entry entry : entries) {
            if (entry.begin() != offset) {
                throw malformed("tensor " + entry.name() + ": values begin at " + entry.begin()
                        + ", those of the tensor before end at " + offset);
            }
            offset = entry.end();
        }
        if (offset != dataLength) {
            throw malformed("the header describes " + offset + " bytes of values, the file has " + dataLength);
        }
    }

    private static byte[] exactly(InputStream in, int count) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw malformed("the file ends within its header");
        }
        return bytes;
    }

    private static FormatException malformed(String reason) {
        return new FormatException("Cannot read safetensors: " + reason);
    }
}
