package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TableWriterTest {

    @ParameterizedTest
    @CsvSource({
        "1281167, 140000000000, 2456", // ImageNet from one compressed archive
        "60000, 57000000, 282563",
        "10, 0, 500000",
        "3, 900000000000, 1"
    })
    void shouldKeepFilesOfAWholeArchiveSmall(long images, long bytes, long rows) {
        assertThat(new TableWriter.Amount(images, bytes).rowsPerFile()).isEqualTo(rows);
    }
}
