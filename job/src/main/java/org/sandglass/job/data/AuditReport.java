package org.sandglass.job.data;

import java.io.Serializable;

/**
 * The outcome of a {@link SampleAudit}; reports of tasks, or of parts of an epoch, add up.
 *
 * @param samples how many samples were trained on, repetitions included
 * @param distinct how many different ones among them; added up over tasks, so that one that two tasks used counts
 *     twice: the checksum tells
 * @param skipped corrupt ones that were left out
 * @param checksumHigh, checksumLow over the ids trained on and skipped
 */
public record AuditReport(long samples, long distinct, long skipped, long checksumHigh, long checksumLow)
        implements Serializable {

    public static final AuditReport NONE = new AuditReport(0, 0, 0, 0, 0);

    public AuditReport plus(AuditReport other) {
        return new AuditReport(
                samples + other.samples,
                distinct + other.distinct,
                skipped + other.skipped,
                checksumHigh + other.checksumHigh,
                checksumLow + other.checksumLow);
    }

    /** 32 hexadecimal digits. */
    public String checksum() {
        return "%016x%016x".formatted(checksumHigh, checksumLow);
    }
}
