package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.data.AuditReport;
import org.sandglass.job.data.EpochPlan;
import org.sandglass.job.data.Exchange;
import org.sandglass.job.data.LedgerEntry;
import org.sandglass.job.data.Microbatch;
import org.sandglass.job.data.SampleAudit;
import org.sandglass.job.data.SampleLocator;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.data.ShardIterator;
import org.sandglass.job.data.ShardOptions;
import org.sandglass.job.data.WorkerDeal;
import org.sandglass.ops.image.Augmentation;
import org.sandglass.ops.image.ImageTransform;

/** A table that was prepared is one that can be trained on. */
@Tag("spark")
class PreparedTableTest {

    private static final int IMAGES = 60;
    private static final int SIZE = 32;
    private static final List<Double> HALF = List.of(0.5, 0.5, 0.5);
    private static final Augmentation AUGMENTATION =
            new Augmentation(Augmentation.Crop.RANDOM_RESIZED, 0, 0.08, 1.0, 0.75, 4.0 / 3, true, 36, SIZE, HALF, HALF);

    @Test
    void shouldBecomeMicrobatchesWithEverySampleUsedOnce(@TempDir Path directory) {
        SparkSession spark = PrepareFixture.spark();
        GeneratedImages.run(
                spark, new GeneratedImages.Options(directory.resolve("set").toString(), IMAGES, 10, 5));
        SampleTable table = SampleTable.open(
                spark, directory.resolve("set").resolve("train").toString());
        EpochPlan plan = new EpochPlan(table.samples(), 4, 8, 1, 1);
        WorkerDeal deal = new WorkerDeal(4, 2);
        SampleLocator locator = table.locator();

        List<AuditReport> reports = Exchange.shuffle(table, plan, deal)
                .mapPartitionsWithIndex(
                        (task, samples) -> {
                            SampleAudit audit = new SampleAudit(plan.samples());
                            ImageTransform transform = ImageTransform.training(AUGMENTATION);
                            ShardOptions options = new ShardOptions(2, 2, false, locator);
                            try (ShardIterator shard =
                                    ShardIterator.training(samples, plan, deal, task, transform, SIZE, options)) {
                                while (shard.hasNext()) {
                                    Microbatch microbatch = shard.next();
                                    assertThat(microbatch.images().remaining())
                                            .isEqualTo(microbatch.count() * 3 * SIZE * SIZE);
                                    audit.add(microbatch);
                                }
                            }
                            return List.of(audit.report()).iterator();
                        },
                        false)
                .collect();

        assertThat(LedgerEntry.of(1, reports, IMAGES).verdict()).isEqualTo("exact");
        assertThat(table.samples()).isEqualTo(IMAGES);
        assertThat(table.classes()).isEqualTo(10);
        assertThat(table.classNames())
                .hasValueSatisfying(names -> assertThat(new ArrayList<>(names)).hasSize(10));
    }
}
