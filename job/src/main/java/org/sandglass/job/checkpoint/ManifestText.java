package org.sandglass.job.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * The text of a manifest: pretty-printed JSON whose last field is the SHA-256 of every byte before that field.
 *
 * <p>A digit that flips in a manifest still parses, so well-formed JSON proves nothing; the checksum does.
 */
final class ManifestText {

    private static final String CHECKSUM_FIELD = ",\n  \"checksum\" : \"";
    private static final String END = "\"\n}\n";

    // A later version may add fields; it will change the name of a field whose meaning it changes.
    private static final ObjectMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(
                    DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
                    DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .build();

    private static final ObjectReader READER = JSON.readerFor(CheckpointManifest.class);

    private ManifestText() {}

    static String write(CheckpointManifest manifest) {
        String fields;
        try {
            fields = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(manifest);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("Cannot write manifest: " + e.getOriginalMessage(), e);
        }
        String body = fields.substring(0, fields.lastIndexOf('}')).stripTrailing();
        return body + CHECKSUM_FIELD + checksum(body) + END;
    }

    static CheckpointManifest read(String text) {
        int bodyLength = text.lastIndexOf(CHECKSUM_FIELD);
        if (bodyLength < 0) {
            throw new IllegalArgumentException("it is cut short: it ends without a checksum");
        }
        String body = text.substring(0, bodyLength);
        if (!text.equals(body + CHECKSUM_FIELD + checksum(body) + END)) {
            throw new IllegalArgumentException("it was altered: its checksum does not match");
        }
        try {
            return READER.readValue(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("it does not describe a checkpoint: " + e.getOriginalMessage(), e);
        }
    }

    private static String checksum(String body) {
        MessageDigest digest = Checksums.sha256();
        return HexFormat.of().formatHex(digest.digest(body.getBytes(StandardCharsets.UTF_8)));
    }
}
