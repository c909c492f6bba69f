package org.sandglass.job.data;

import java.util.ArrayList;
import java.util.List;

/**
 * The proof, or not, that an epoch used every sample of the training set exactly once (law 1).
 *
 * @param samples how many samples were trained on
 * @param distinct how many different ones, counted in each task
 * @param skipped corrupt ones that were left out because the recipe allows it
 * @param checksum over the ids trained on and skipped, 32 hexadecimal digits
 * @param expected the checksum of every id once
 * @param verdict {@code exact}, or what differs
 */
public record LedgerEntry(
        int epoch, long samples, long distinct, long skipped, String checksum, String expected, String verdict) {

    private static final String EXACT = "exact";

    /**
     * Adds up what the tasks report and compares it with the table.
     *
     * @param tableSamples the number of samples in the training set
     */
    public static LedgerEntry of(int epoch, List<AuditReport> reports, long tableSamples) {
        AuditReport total = reports.stream().reduce(AuditReport.NONE, AuditReport::plus);
        AuditReport expected = SampleAudit.expected(tableSamples);
        return new LedgerEntry(
                epoch,
                total.samples(),
                total.distinct(),
                total.skipped(),
                total.checksum(),
                expected.checksum(),
                verdict(total, expected));
    }

    /** Whether every sample was used exactly once. */
    public boolean exact() {
        return verdict.equals(EXACT);
    }

    private static String verdict(AuditReport total, AuditReport expected) {
        List<String> differences = new ArrayList<>();
        if (total.samples() + total.skipped() != expected.samples()) {
            differences.add(
                    "%d samples used instead of %d".formatted(total.samples() + total.skipped(), expected.samples()));
        }
        if (total.distinct() != total.samples()) {
            differences.add("%d samples used more than once".formatted(total.samples() - total.distinct()));
        }
        if (!total.checksum().equals(expected.checksum())) {
            differences.add("checksum differs: not the samples of the table once each");
        }
        return differences.isEmpty() ? EXACT : String.join("; ", differences);
    }
}
