package org.sandglass.job.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.List;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

/** Records as lines of JSON. Reading stops at a damaged line: a crash can leave one, at the end. */
final class JsonLines {

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private JsonLines() {}

    static String line(Object value) {
        try {
            return JSON.writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new JobFailure(ExitCode.OTHER, "Cannot write as JSON: " + value, e);
        }
    }

    static String pretty(Object value) {
        try {
            return JSON.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value) + "\n";
        } catch (JsonProcessingException e) {
            throw new JobFailure(ExitCode.OTHER, "Cannot write as JSON: " + value, e);
        }
    }

    static <T> T parse(String text, Class<T> type) throws JsonProcessingException {
        return JSON.readValue(text, type);
    }

    /** The lines of {@code text} that are whole. */
    static List<JsonNode> nodes(String text) {
        List<JsonNode> nodes = new ArrayList<>();
        for (String line : text.lines().toList()) {
            try {
                JsonNode node = JSON.readTree(line);
                if (!node.isObject()) {
                    return nodes;
                }
                nodes.add(node);
            } catch (JsonProcessingException e) {
                return nodes;
            }
        }
        return nodes;
    }

    /** The lines of {@code text} that are whole and are a {@code type}. */
    static <T> List<T> parseAll(String text, Class<T> type) {
        List<T> values = new ArrayList<>();
        try {
            for (JsonNode node : nodes(text)) {
                values.add(convert(node, type));
            }
        } catch (JsonProcessingException e) {
            return values;
        }
        return values;
    }

    static <T> T convert(JsonNode node, Class<T> type) throws JsonProcessingException {
        return JSON.treeToValue(node, type);
    }
}
