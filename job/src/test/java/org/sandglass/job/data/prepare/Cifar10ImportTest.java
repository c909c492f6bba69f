package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageDecoder;
import org.sandglass.ops.image.RgbImage;
import org.sandglass.ops.random.CounterRandom;

@Tag("spark")
class Cifar10ImportTest {

    private static final int RECORD = 3073;

    private final SparkSession spark = PrepareFixture.spark();
    private final Path directory;
    private final String out;
    private final Map<String, byte[]> files = new LinkedHashMap<>();

    Cifar10ImportTest(@TempDir Path directory) {
        this.directory = directory;
        this.out = directory.resolve("out").toString();
        for (int batch = 1; batch <= 5; batch++) {
            files.put("data_batch_%d.bin".formatted(batch), records(batch, 3));
        }
        files.put("test_batch.bin", records(6, 2));
        files.put("batches.meta.txt", PrepareFixture.text("plane\ncar\nbird\n\n"));
        files.put("readme.html", PrepareFixture.text("<html>"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"archive", "folder", "folder above"})
    void shouldImportLosslessly(String kind) throws IOException {
        Path source = source(kind);

        ImportResult result = Cifar10Import.run(spark, new Cifar10Import.Options(source.toString(), out));

        assertThat(result.tables().keySet()).containsExactly(out + "/train", out + "/test");
        requireTable(
                "train", List.of("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"), 3);
        requireTable("test", List.of("test_batch"), 2);
    }

    @Test
    void shouldRefuseALabelWithoutAClass() throws IOException {
        byte[] batch = file("data_batch_4.bin");
        batch[RECORD] = 3;

        requireRefused("image 1 of data_batch_4.bin: label 3 is not in [0, 3)");
    }

    @Test
    void shouldRefuseABatchThatWasCut() throws IOException {
        files.put("data_batch_2.bin", Arrays.copyOf(file("data_batch_2.bin"), 2 * RECORD + 100));

        requireRefused("data_batch_2.bin: ends within image 2");
    }

    @Test
    void shouldRefuseTheWrongVersion() throws IOException {
        files.remove("data_batch_3.bin");
        files.remove("data_batch_5.bin");

        requireRefused("has no [data_batch_3.bin, data_batch_5.bin]; the binary version is needed");
    }

    private void requireRefused(String reason) throws IOException {
        Path source = source("archive");

        assertThatThrownBy(() -> Cifar10Import.run(spark, new Cifar10Import.Options(source.toString(), out)))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining(reason);
        assertThat(Path.of(out, "train")).doesNotExist();
        assertThat(Path.of(out, "test")).doesNotExist();
    }

    private byte[] file(String name) {
        return Objects.requireNonNull(files.get(name));
    }

    private Path source(String kind) throws IOException {
        if (kind.equals("archive")) {
            Path archive = directory.resolve("cifar-10-binary.tar.gz");
            try (OutputStream file = Files.newOutputStream(archive)) {
                PrepareFixture.writeTar(new GZIPOutputStream(file), "cifar-10-batches-bin/", files);
            }
            return archive;
        }
        Path folder = directory.resolve("source");
        PrepareFixture.writeFolder(folder.resolve(kind.equals("folder") ? "" : "cifar-10-batches-bin"), files);
        return folder;
    }

    private void requireTable(String name, List<String> batches, int perBatch) throws IOException {
        List<Row> rows = PrepareFixture.rows(spark, out + "/" + name);
        assertThat(rows).hasSize(batches.size() * perBatch);
        for (int i = 0; i < rows.size(); i++) {
            byte[] records = file(batches.get(i / perBatch) + ".bin");
            int start = i % perBatch * RECORD;
            assertThat(rows.get(i).getInt(1)).isEqualTo(records[start]);
            RgbImage image = ImageDecoder.decode((byte[]) rows.get(i).get(2));
            for (int pixel = 0; pixel < 1024; pixel++) {
                for (int channel = 0; channel < 3; channel++) {
                    assertThat(image.pixels()[pixel * 3 + channel])
                            .isEqualTo(records[start + 1 + channel * 1024 + pixel]);
                }
            }
        }
        TableManifest manifest =
                TableManifest.read(new Configuration(), out + "/" + name).orElseThrow();
        assertThat(manifest.rows()).isEqualTo(rows.size());
        assertThat(manifest.classNames()).containsExactly("plane", "car", "bird");
    }

    private static byte[] records(int seed, int count) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, seed);
        byte[] bytes = new byte[count * RECORD];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) random.nextInt(i % RECORD == 0 ? 3 : 256);
        }
        return bytes;
    }
}
