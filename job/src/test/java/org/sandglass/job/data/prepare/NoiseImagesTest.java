package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageDecoder;
import org.sandglass.ops.image.ImageFormatException;

@Tag("spark")
class NoiseImagesTest {

    private final SparkSession spark = PrepareFixture.spark();

    @TempDir
    private Path directory;

    @Test
    void shouldMakeImagesOfAboutTheSizeThatIsAskedFor() throws ImageFormatException {
        assertThat(sizes(64)).hasSize(30).allSatisfy(size -> assertThat(size).isBetween(60, 75));
        assertThat(sizes(20_000)).hasSize(30).allSatisfy(size -> assertThat(size)
                .isBetween(19_000, 21_000));
    }

    @Test
    void shouldRefuseFilesWithoutImages() {
        assertThatThrownBy(() -> new NoiseImages.Options("out", 3, 64, 4, 0))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("every file needs an image");
    }

    private List<Integer> sizes(int bytes) throws ImageFormatException {
        String out = directory.resolve("noise-" + bytes).toString();
        NoiseImages.run(spark, new NoiseImages.Options(out, 30, bytes, 2, 1), ImportProgress.silent());
        List<Row> rows = spark.read().parquet(out).select("image.bytes").collectAsList();
        for (Row row : rows) {
            assertThat(ImageDecoder.decode(row.<byte[]>getAs(0)).width()).isPositive();
        }
        return rows.stream().map(row -> row.<byte[]>getAs(0).length).toList();
    }
}
