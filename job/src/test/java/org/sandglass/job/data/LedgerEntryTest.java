package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LedgerEntryTest {

    private static final int SAMPLES = 1000;

    @Test
    void shouldBeExactWhenEverySampleWasUsedOnceInWhateverOrderByWhateverTask() {
        SampleAudit even = new SampleAudit(SAMPLES);
        SampleAudit odd = new SampleAudit(SAMPLES);
        new Random(3).ints(0, SAMPLES).distinct().limit(SAMPLES).forEach(id -> (id % 2 == 0 ? even : odd).add(id));

        LedgerEntry entry = LedgerEntry.of(4, List.of(odd.report(), even.report()), SAMPLES);

        assertThat(entry.exact()).isTrue();
        assertThat(entry).isEqualTo(new LedgerEntry(4, 1000, 1000, 0, entry.expected(), entry.expected(), "exact"));
        assertThat(entry.checksum()).matches("[0-9a-f]{32}");
    }

    @Test
    void shouldCountSkippedSamplesAsAccountedFor() {
        SampleAudit audit = new SampleAudit(SAMPLES);
        LongStream.range(1, SAMPLES).forEach(audit::add);
        audit.skip(0);

        LedgerEntry entry = LedgerEntry.of(1, List.of(audit.report()), SAMPLES);

        assertThat(entry.exact()).isTrue();
        assertThat(entry.samples()).isEqualTo(999);
        assertThat(entry.skipped()).isEqualTo(1);
    }

    @Test
    void shouldFindAMissingSample() {
        assertThat(entryOf(LongStream.range(0, SAMPLES - 1)).verdict()).contains("999 samples used instead of 1000");
    }

    @Test
    void shouldFindASampleThatReplacedAnother() {
        LedgerEntry entry = entryOf(LongStream.range(0, SAMPLES).map(id -> id == 17 ? 18 : id));
        assertThat(entry.exact()).isFalse();
        assertThat(entry.samples()).isEqualTo(1000);
        assertThat(entry.distinct()).isEqualTo(999);
        assertThat(entry.verdict()).contains("1 samples used more than once").contains("checksum differs");
    }

    @Test
    void shouldFindASampleThatReplacedAnotherInAnotherTask() {
        SampleAudit first = new SampleAudit(SAMPLES);
        SampleAudit second = new SampleAudit(SAMPLES);
        LongStream.range(0, 500).forEach(first::add);
        LongStream.range(500, SAMPLES).map(id -> id == 700 ? 3 : id).forEach(second::add);

        LedgerEntry entry = LedgerEntry.of(1, List.of(first.report(), second.report()), SAMPLES);

        assertThat(entry.exact()).isFalse();
        assertThat(entry.verdict()).isEqualTo("checksum differs: not the samples of the table once each");
    }

    @Test
    void shouldFindASampleThatWasSkippedAndTrainedOn() {
        SampleAudit audit = new SampleAudit(SAMPLES);
        LongStream.range(0, SAMPLES - 1).forEach(audit::add);
        audit.skip(5);
        assertThat(LedgerEntry.of(1, List.of(audit.report()), SAMPLES).exact()).isFalse();
    }

    @Test
    void shouldRefuseForeignSamples() {
        SampleAudit audit = new SampleAudit(SAMPLES);
        assertThatThrownBy(() -> audit.add(SAMPLES)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void shouldBeALineOfJsonAndBack() throws Exception {
        JsonMapper json = new JsonMapper();
        LedgerEntry entry = entryOf(LongStream.range(0, SAMPLES));
        String line = json.writeValueAsString(entry);
        assertThat(line)
                .startsWith("{\"epoch\":1,\"samples\":1000,\"distinct\":1000,\"skipped\":0,\"checksum\":\"")
                .endsWith("\"verdict\":\"exact\"}");
        assertThat(json.readValue(line, LedgerEntry.class)).isEqualTo(entry);
        AuditReport report = SampleAudit.expected(SAMPLES);
        assertThat(json.readValue(json.writeValueAsString(report), AuditReport.class))
                .isEqualTo(report);
    }

    private static LedgerEntry entryOf(LongStream ids) {
        SampleAudit audit = new SampleAudit(SAMPLES);
        ids.forEach(audit::add);
        return LedgerEntry.of(1, List.of(audit.report()), SAMPLES);
    }
}
