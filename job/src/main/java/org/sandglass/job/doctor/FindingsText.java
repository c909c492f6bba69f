package org.sandglass.job.doctor;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import org.sandglass.job.cluster.Finding;

/** Findings for people, and for programs. */
public final class FindingsText {

    private static final int LEVEL_WIDTH = 5;

    private FindingsText() {}

    /** A line per finding, with the remedy under it, and a line that counts. */
    public static String text(List<Finding> findings) {
        int width = findings.stream()
                .mapToInt(finding -> finding.check().length())
                .max()
                .orElse(0);
        StringBuilder text = new StringBuilder();
        for (Finding finding : findings) {
            text.append(padded(level(finding), LEVEL_WIDTH))
                    .append("  ")
                    .append(padded(finding.check(), width))
                    .append("  ")
                    .append(finding.message())
                    .append('\n');
            if (finding.remedy() != null) {
                text.append(" ".repeat(LEVEL_WIDTH + 2 + width + 2))
                        .append("→ ")
                        .append(finding.remedy())
                        .append('\n');
            }
        }
        long errors = count(findings, Finding.Level.ERROR);
        long warnings = count(findings, Finding.Level.WARN);
        return text.append(errors == 0 ? "training can start" : "training cannot start")
                .append(": %d errors, %d warnings".formatted(errors, warnings))
                .toString();
    }

    /** One object: {@code errors}, {@code warnings}, and {@code findings} with level, check, message and remedy. */
    public static String json(List<Finding> findings) {
        ObjectNode object = new ObjectMapper().createObjectNode();
        object.put("errors", count(findings, Finding.Level.ERROR));
        object.put("warnings", count(findings, Finding.Level.WARN));
        ArrayNode array = object.putArray("findings");
        for (Finding finding : findings) {
            array.addObject()
                    .put("level", level(finding))
                    .put("check", finding.check())
                    .put("message", finding.message())
                    .put("remedy", finding.remedy());
        }
        return object.toString();
    }

    static long count(List<Finding> findings, Finding.Level level) {
        return findings.stream().filter(finding -> finding.level() == level).count();
    }

    private static String level(Finding finding) {
        return finding.level().name().toLowerCase(Locale.ROOT);
    }

    private static String padded(String text, int width) {
        return text + " ".repeat(width - text.length());
    }
}
