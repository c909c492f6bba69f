package org.sandglass.job.data.prepare;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;

/**
 * What one task, or all of them, wrote: numbers that add up in any order.
 *
 * @param high upper half of the checksum
 * @param low lower half
 * @param unreadable the first {@value #LISTED} of the skipped images
 */
record PartReport(long rows, long skipped, long high, long low, List<UnreadableImage> unreadable)
        implements Serializable {

    static final int LISTED = 20;

    PartReport {
        unreadable = List.copyOf(unreadable);
    }

    static PartReport total(Collection<PartReport> parts) {
        Tally tally = new Tally();
        parts.forEach(tally::add);
        return tally.report();
    }

    String checksum() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(high) + hex.toHexDigits(low);
    }

    /** Adds up. Not thread-safe. */
    static final class Tally {
        private final MessageDigest digest = sha256();
        private final List<UnreadableImage> unreadable = new ArrayList<>();
        private long rows;
        private long skipped;
        private long high;
        private long low;

        void add(PreparedImage image) {
            digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, image.label()));
            ByteBuffer hash = ByteBuffer.wrap(digest.digest(image.bytes()));
            rows++;
            addChecksum(hash.getLong(), hash.getLong());
        }

        void skip(UnreadableImage image) {
            skipped++;
            list(image);
        }

        void add(PartReport part) {
            rows += part.rows;
            skipped += part.skipped;
            addChecksum(part.high, part.low);
            part.unreadable.forEach(this::list);
        }

        PartReport report() {
            return new PartReport(rows, skipped, high, low, unreadable);
        }

        private void addChecksum(long addedHigh, long addedLow) {
            low += addedLow;
            high += addedHigh + (Long.compareUnsigned(low, addedLow) < 0 ? 1 : 0);
        }

        private void list(UnreadableImage image) {
            if (unreadable.size() < LISTED) {
                unreadable.add(image);
            }
        }

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every Java has SHA-256", e);
            }
        }
    }
}
