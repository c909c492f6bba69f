package org.sandglass.ops.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.device.FlatLayout;

class BucketPlanTest {

    private final FlatLayout layout = SmallNetwork.layout();

    @ParameterizedTest
    @ValueSource(longs = {1, 100, 1 << 10, 10 << 10, 100 << 10, 1L << 40})
    void shouldCoverTheVectorAndCutAtParametersOnly(long bucketBytes) {
        List<GradientBucket> buckets = BucketPlan.of(layout, bucketBytes).buckets();

        Set<Long> borders = new HashSet<>(Set.of(layout.gradientLength()));
        layout.parameters().forEach(parameter -> borders.add(layout.gradientOffset(parameter)));
        long end = 0;
        for (GradientBucket bucket : buckets) {
            assertThat(bucket.offset()).isEqualTo(end);
            end = bucket.end();
            assertThat(borders).contains(end);
            long complete = layout.parameters().stream()
                    .filter(parameter -> layout.gradientOffset(parameter) < bucket.end())
                    .count();
            assertThat(bucket.parameters()).isEqualTo((int) complete);
        }
        assertThat(end).isEqualTo(layout.gradientLength());
    }

    @Test
    void shouldKeepToTheSizeUnlessAParameterIsLarger() {
        long bucketBytes = 8 << 10;
        List<GradientBucket> buckets = BucketPlan.of(layout, bucketBytes).buckets();
        int before = 0;
        for (GradientBucket bucket : buckets) {
            assertThat(bucket.length() * Float.BYTES <= bucketBytes || bucket.parameters() - before <= 1)
                    .as("%s", bucket)
                    .isTrue();
            before = bucket.parameters();
        }
        assertThat(buckets).anyMatch(bucket -> bucket.length() * Float.BYTES > bucketBytes);
        assertThat(buckets).hasSizeLessThan(layout.parameters().size());
    }

    @Test
    void shouldPutCountersAndStatisticsFirst() {
        GradientBucket first = BucketPlan.of(layout, Long.MAX_VALUE).buckets().get(0);
        assertThat(first.parameters()).isZero();
        assertThat(first.end()).isEqualTo(FlatLayout.COUNTERS + layout.statisticsLength());
    }

    @Test
    void shouldPutAllGradientsIntoOneBucketIfTheyFit() {
        assertThat(BucketPlan.of(layout, Long.MAX_VALUE).buckets()).hasSize(2);
    }

    @Test
    void shouldRefuseNonsense() {
        assertThatThrownBy(() -> BucketPlan.of(layout, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bucketBytes is not positive: 0");
        assertThatThrownBy(() -> new BucketPlan(List.of(new GradientBucket(16, 4, 0))))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
