package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.data.prepare.GeneratedImages;

/** {@code quickstart} after one that was killed while it drew its images. */
@Tag("spark")
class QuickstartCommandTest {

    @TempDir
    private Path run;

    private final StringWriter error = new StringWriter();
    private String masterBefore = "";

    @BeforeEach
    void setProperties() {
        masterBefore = System.getProperty("spark.master", "");
        System.setProperty("spark.master", "local[2]");
        System.setProperty("spark.ui.enabled", "false");
    }

    @AfterEach
    void restoreProperties() {
        System.setProperty("spark.master", masterBefore);
        System.clearProperty("spark.ui.enabled");
    }

    @Test
    void shouldDrawAgainWhenKilledWhileItDrewTheTestTable() throws IOException {
        writeFinished(run.resolve("data/train"), "generated, seed 0");
        writeUnfinished(run.resolve("data/test"));
        GeneratedImages.Options images =
                new GeneratedImages.Options(run.resolve("data").toString(), 20, 10, 0);
        try (SparkSession spark = SparkSession.builder().appName("quickstart").getOrCreate()) {
            QuickstartCommand.prepare(spark, images, true, new PrintWriter(new StringWriter()));
        }
        assertThat(rows("train")).isEqualTo(20);
        assertThat(rows("test")).isEqualTo(10);
        assertThat(run.resolve("data/train/part-0.parquet")).doesNotExist();
        assertThat(run.resolve("data/test/_sandglass.unfinished")).doesNotExist();
    }

    @Test
    void shouldLeaveAloneATableThatItDidNotDraw() throws IOException {
        writeFinished(run.resolve("data/train"), "cifar10");
        assertThat(quickstart()).isEqualTo(2);
        assertThat(error.toString()).contains("a prepared table is there");
        assertThat(rows("train")).isEqualTo(7);
    }

    @Test
    void shouldLeaveAloneWhatIsUnfinishedWhereTheUserSaid() throws IOException {
        writeUnfinished(run.resolve("data/train"));
        assertThat(quickstart("--data", run.resolve("data").toString())).isEqualTo(2);
        assertThat(error.toString()).contains("an import that did not finish is there");
        assertThat(run.resolve("data/train/part-0.parquet")).exists();
    }

    private int quickstart(String... more) throws IOException {
        Files.writeString(
                run.resolve("config.conf"),
                Recipe.load("../conf/quickstart.conf", Map.of()).render());
        List<String> arguments = new ArrayList<>(List.of("quickstart", "--run", run.toString()));
        arguments.addAll(List.of(more));
        return Sandglass.run(
                arguments.toArray(String[]::new), new PrintWriter(new StringWriter()), new PrintWriter(error, true));
    }

    private long rows(String table) {
        return TableManifest.read(
                        new Configuration(), run.resolve("data").resolve(table).toString())
                .orElseThrow()
                .rows();
    }

    private static void writeFinished(Path table, String source) throws IOException {
        Files.createDirectories(table);
        Files.createFile(table.resolve("part-0.parquet"));
        new TableManifest(7, 10, List.of(), 0, "0", source, "a test").write(new Configuration(), table.toString());
    }

    private static void writeUnfinished(Path table) throws IOException {
        Files.createDirectories(table);
        Files.createFile(table.resolve("part-0.parquet"));
        Files.createFile(table.resolve(TableManifest.UNFINISHED_FILE_NAME));
    }
}
