package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.failure.JobFailure;

class TableManifestTest {

    private final Configuration hadoop = new Configuration();

    private final Path table;

    TableManifestTest(@TempDir Path table) {
        this.table = table;
    }

    @Test
    void shouldReadWhatWasWritten() throws IOException {
        TableManifest manifest = new TableManifest(3, 2, List.of("cat", "dog"), 1, "00ff", "file:/src", "test");

        manifest.write(hadoop, table.toString());

        assertThat(TableManifest.read(hadoop, table.toString())).contains(manifest);
    }

    @Test
    void shouldHaveNoneWhereThereIsNone() {
        assertThat(TableManifest.read(hadoop, table.toString())).isEmpty();
    }

    @Test
    void shouldRefuseATableWhoseImportDidNotFinish() throws IOException {
        Files.createFile(table.resolve(TableManifest.UNFINISHED_FILE_NAME));

        assertThatThrownBy(() -> TableManifest.read(hadoop, table.toString()))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("its import did not finish");
    }

    @Test
    void shouldRefuseAHalfWrittenOne() throws IOException {
        Files.writeString(table.resolve(TableManifest.FILE_NAME), "{\"rows\": 3, \"cla");

        assertThatThrownBy(() -> TableManifest.read(hadoop, table.toString()))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("Cannot read the table's manifest")
                .hasMessageContaining(table.toString());
    }

    @Test
    void shouldRefuseOneWithoutItsNumbers() throws IOException {
        Files.writeString(table.resolve(TableManifest.FILE_NAME), "{\"rows\": 3}");

        assertThatThrownBy(() -> TableManifest.read(hadoop, table.toString())).isInstanceOf(JobFailure.class);
    }

    @Test
    void shouldRefuseNamesThatAreNotOnePerClass() {
        assertThatThrownBy(() -> new TableManifest(3, 2, List.of("cat"), 0, "", "", ""))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
