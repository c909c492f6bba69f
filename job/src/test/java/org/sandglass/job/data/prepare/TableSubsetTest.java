package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.failure.JobFailure;

@Tag("spark")
class TableSubsetTest {

    private final SparkSession spark = PrepareFixture.spark();
    private final String directory;

    TableSubsetTest(@TempDir Path directory) {
        this.directory = directory.toString();
        GeneratedImages.run(spark, new GeneratedImages.Options(this.directory, 400, 10, 5));
    }

    @Test
    void shouldChooseAboutTheFractionAndNestSmallerOnes() {
        List<String> half = choose("half", 0.5, 0);
        List<String> quarter = choose("quarter", 0.25, 0);
        // Four standard deviations of a binomial distribution are 40 and 35.
        assertThat(half).hasSizeBetween(160, 240).containsAll(quarter);
        assertThat(quarter).hasSizeBetween(65, 135);
        assertThat(choose("other", 0.25, 1)).isNotEqualTo(quarter);
        TableManifest manifest =
                TableManifest.read(new Configuration(), directory + "/half").orElseThrow();
        assertThat(manifest.rows()).isEqualTo(half.size());
        assertThat(manifest.classes()).isEqualTo(10);
        assertThat(manifest.classNames()).hasSize(10);
    }

    @Test
    void shouldRefuseWhatIsNoFraction() {
        assertThatThrownBy(() -> choose("all", 1, 0))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("--fraction must be between 0 and 1: 1.0");
    }

    private List<String> choose(String name, double fraction, long seed) {
        String out = directory + "/" + name;
        TableSubset.run(
                spark, new TableSubset.Options(directory + "/train", fraction, seed, out), ImportProgress.silent());
        return PrepareFixture.rows(spark, out).stream()
                .map(row -> Arrays.hashCode((byte[]) row.get(2)) + " " + row.getInt(1))
                .sorted()
                .toList();
    }
}
