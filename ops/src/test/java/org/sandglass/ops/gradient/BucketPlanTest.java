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

    @ParameterizedTest
    @ValueSource(longs = {4, 1000, 4 << 10, 1 << 20})
    void shouldCutBucketsIntoPiecesThatWaitForTheSameParameters(long pieceBytes) {
        BucketPlan plan = BucketPlan.of(layout, 8 << 10);

        List<GradientBucket> pieces = plan.cut(pieceBytes).buckets();

        assertThat(pieces)
                .allSatisfy(piece -> assertThat(piece.length() * Float.BYTES).isLessThanOrEqualTo(pieceBytes));
        for (GradientBucket bucket : plan.buckets()) {
            List<GradientBucket> own = pieces.stream()
                    .filter(piece -> piece.offset() >= bucket.offset() && piece.end() <= bucket.end())
                    .toList();
            assertThat(own).hasSize((int) ((bucket.length() - 1) / (pieceBytes / Float.BYTES) + 1));
            assertThat(own).allMatch(piece -> piece.parameters() == bucket.parameters());
            assertThat(own.stream().mapToLong(GradientBucket::length).sum()).isEqualTo(bucket.length());
        }
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
