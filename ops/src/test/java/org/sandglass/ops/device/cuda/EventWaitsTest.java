package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** All streams may run as late and in whatever order they like: nothing changes, unless a wait is left out. */
@Tag("cuda-double")
class EventWaitsTest {
    static final long SEEDS = 50;

    private static final class Undisturbed {
        static final List<Float> RESULTS = resultsOf(0, null);
    }

    static Stream<Long> seeds() {
        return LongStream.rangeClosed(1, SEEDS).boxed();
    }

    @AfterEach
    void forgetWhatWasBroken() {
        CudaDoubles.reset(0);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void shouldComputeTheSameBitsInAnyOrderOfTheStreams(long seed) {
        assertThat(resultsOf(seed, null)).isEqualTo(Undisturbed.RESULTS);

        CudaDoubles.assertClean();
    }

    /** What a graph captures is what its steps would have queued, also after the arena has moved. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void shouldComputeTheSameBitsAsGraphs(long seed) {
        CudaDoubles.reset(seed);

        assertThat(Iterations.run(wait -> true, CudaOptions.DEFAULT.withGraphs(true)))
                .isEqualTo(Undisturbed.RESULTS);

        CudaDoubles.assertClean();
    }

    @ParameterizedTest
    @EnumSource(Wait.class)
    void shouldNoticeIfAnyWaitIsLeftOut(Wait leftOut) {
        boolean noticed = seeds().anyMatch(seed -> {
            try {
                return !resultsOf(seed, leftOut).equals(Undisturbed.RESULTS) || CudaDoubles.breaches() > 0;
            } catch (CudaFailure e) {
                return true;
            }
        });

        assertThat(noticed).as("a run without %s differs", leftOut).isTrue();
    }

    /** A third of the seeds each: work runs only when awaited, seldom earlier, often earlier. */
    static List<Float> resultsOf(long seed, @Nullable Wait leftOut) {
        CudaDoubles.reset(seed);
        CudaDoubles.runEarly(new int[] {0, 8, 2}[(int) (seed % 3)]);
        return Iterations.run(wait -> wait != leftOut);
    }
}
