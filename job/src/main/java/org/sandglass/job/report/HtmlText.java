package org.sandglass.job.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Pieces of HTML. */
final class HtmlText {

    private HtmlText() {}

    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }

    static String number(@Nullable Double value, int digits) {
        return value == null || value.isNaN() ? "–" : String.format(Locale.ROOT, "%,." + digits + "f", value);
    }

    static String significant(double value) {
        return Double.isFinite(value)
                ? new BigDecimal(value)
                        .round(new MathContext(4))
                        .stripTrailingZeros()
                        .toString()
                : "–";
    }

    static String bytes(long bytes) {
        return bytes < 1 << 30
                ? String.format(Locale.ROOT, "%.0f MiB", bytes / (double) (1 << 20))
                : String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1 << 30));
    }

    /** A table's row; {@code tag} is {@code td} or {@code th}. */
    static String row(String tag, List<Cell> cells) {
        StringBuilder row = new StringBuilder("<tr>");
        for (Cell cell : cells) {
            row.append('<').append(tag).append(" class=\"").append(cell.style()).append("\">");
            row.append(escape(cell.text())).append("</").append(tag).append('>');
        }
        return row.append("</tr>\n").toString();
    }

    static String table(String rows) {
        return "<table>\n" + rows + "</table>\n";
    }

    /** A cell: what it says, and its CSS class. */
    record Cell(String style, String text) {

        static Cell number(String text) {
            return new Cell("number", text);
        }
    }
}
