package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageDecoder;
import org.sandglass.ops.image.RgbImage;

@Tag("spark")
class GeneratedImagesTest {

    private final SparkSession spark = PrepareFixture.spark();
    private final String out;

    GeneratedImagesTest(@TempDir Path directory) {
        this.out = directory.resolve("out").toString();
    }

    @Test
    void shouldWriteATrainingAndATestTable() throws IOException {
        GeneratedImages.run(spark, new GeneratedImages.Options(out, 60, 20, 5));

        Set<Integer> contents = new HashSet<>();
        Set<String> sizes = new HashSet<>();
        requireTable("train", 60, contents, sizes);
        requireTable("test", 20, contents, sizes);
        assertThat(contents).hasSize(80);
        assertThat(sizes).hasSizeGreaterThan(40);
    }

    @Test
    void shouldMakeTheSameImagesAgain() {
        GeneratedImages.run(spark, new GeneratedImages.Options(out + "/a", 20, 10, 5));
        GeneratedImages.run(spark, new GeneratedImages.Options(out + "/b", 20, 10, 5));
        GeneratedImages.run(spark, new GeneratedImages.Options(out + "/c", 20, 10, 6));

        assertThat(checksum("/b/train")).isEqualTo(checksum("/a/train")).isNotEqualTo(checksum("/c/train"));
    }

    @Test
    void shouldRefuseAnOccupiedTarget() {
        GeneratedImages.run(spark, new GeneratedImages.Options(out, 10, 10, 5));

        assertThatThrownBy(() -> GeneratedImages.run(spark, new GeneratedImages.Options(out, 10, 10, 5)))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("a prepared table is there");
    }

    @Test
    void shouldRefuseToMakeNothing() {
        assertThatThrownBy(() -> new GeneratedImages.Options(out, 0, 10, 5)).isInstanceOf(JobFailure.class);
    }

    private void requireTable(String name, int count, Set<Integer> contents, Set<String> sizes) throws IOException {
        List<Row> rows = PrepareFixture.rows(spark, out + "/" + name);
        int[] perClass = new int[10];
        for (Row row : rows) {
            byte[] bytes = (byte[]) row.get(2);
            RgbImage image = ImageDecoder.decode(bytes);
            perClass[row.getInt(1)]++;
            contents.add(Arrays.hashCode(bytes));
            sizes.add(image.width() + "×" + image.height());
        }
        assertThat(perClass).containsOnly(count / 10);
        TableManifest manifest =
                TableManifest.read(new Configuration(), out + "/" + name).orElseThrow();
        assertThat(manifest.rows()).isEqualTo(count);
        assertThat(manifest.classNames()).hasSize(10);
    }

    private String checksum(String table) {
        return TableManifest.read(new Configuration(), out + table)
                .orElseThrow()
                .checksum();
    }
}
