package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyedPermutationTest {

    @ParameterizedTest
    @ValueSource(
            ints = {
                1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 64, 65, 97, 127, 128, 1000, 1023, 1025, 50_000, 65_537,
                1_281_167
            })
    void shouldBeABijectionWithItsInverse(int size) {
        KeyedPermutation permutation = KeyedPermutation.of(size, 7, 3);
        BitSet positions = new BitSet(size);
        for (int element = 0; element < size; element++) {
            long position = permutation.position(element);
            assertThat(position).isBetween(0L, size - 1L);
            positions.set((int) position);
            assertThat(permutation.element(position)).isEqualTo(element);
        }
        assertThat(positions.cardinality()).isEqualTo(size);
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 40, (1L << 50) - 27, 1L << 62})
    void shouldInvertAtHugeSizes(long size) {
        KeyedPermutation permutation = KeyedPermutation.of(size, 1, 1);
        for (long element : new long[] {0, 1, size / 3, size - 1}) {
            assertThat(permutation.position(element)).isBetween(0L, size - 1);
            assertThat(permutation.element(permutation.position(element))).isEqualTo(element);
        }
    }

    /** Each of the permutations of a few elements must be about as frequent as any other. */
    @ParameterizedTest
    @CsvSource({"2, 2", "3, 6", "4, 24", "5, 120"})
    void shouldReachAllPermutationsAboutEquallyOften(int size, int permutations) {
        int trialsEach = 500;
        Map<String, Integer> counts = new HashMap<>();
        for (int epoch = 0; epoch < trialsEach * permutations; epoch++) {
            KeyedPermutation permutation = KeyedPermutation.of(size, 11, epoch);
            StringBuilder order = new StringBuilder();
            for (int element = 0; element < size; element++) {
                order.append(permutation.position(element)).append(' ');
            }
            counts.merge(order.toString(), 1, Integer::sum);
        }
        assertThat(counts).hasSize(permutations);
        assertThat(chiSquareDeviation(counts.values().stream().mapToInt(i -> i).toArray(), trialsEach))
                .isLessThan(5);
    }

    /** Over many epochs an element must come to stand in every tenth of the positions equally often. */
    @ParameterizedTest
    @ValueSource(ints = {10, 100, 997, 50_000})
    void shouldSpreadPositionsUniformly(int size) {
        int epochs = 20_000;
        for (int element : new int[] {0, 1, size / 2, size - 1}) {
            int[] counts = new int[10];
            for (int epoch = 0; epoch < epochs; epoch++) {
                long position = KeyedPermutation.of(size, 5, epoch).position(element);
                counts[(int) (position * 10 / size)]++;
            }
            double[] expected = new double[10];
            for (int position = 0; position < size; position++) {
                expected[(int) ((long) position * 10 / size)] += (double) epochs / size;
            }
            double chiSquare = 0;
            for (int tenth = 0; tenth < 10; tenth++) {
                chiSquare += Math.pow(counts[tenth] - expected[tenth], 2) / expected[tenth];
            }
            assertThat((chiSquare - 9) / Math.sqrt(2 * 9)).isLessThan(5);
        }
    }

    /** Neighbours must not stay neighbours: their distance must be that of independent positions. */
    @Test
    void shouldSeparateNeighbours() {
        int size = 100_000;
        KeyedPermutation permutation = KeyedPermutation.of(size, 1, 1);
        double mean = LongStream.range(0, size - 1)
                .map(element -> Math.abs(permutation.position(element + 1) - permutation.position(element)))
                .average()
                .orElseThrow();
        assertThat(mean / size).isBetween(1.0 / 3 - 0.005, 1.0 / 3 + 0.005);
    }

    @Test
    void shouldDifferBetweenEpochsAndSeeds() {
        int size = 10_000;
        KeyedPermutation permutation = KeyedPermutation.of(size, 1, 1);
        KeyedPermutation nextEpoch = KeyedPermutation.of(size, 1, 2);
        KeyedPermutation otherSeed = KeyedPermutation.of(size, 2, 1);
        // Two random permutations agree in one place on average.
        assertThat(agreements(permutation, nextEpoch, size)).isLessThan(10);
        assertThat(agreements(permutation, otherSeed, size)).isLessThan(10);
        assertThat(agreements(permutation, KeyedPermutation.of(size, 1, 1), size))
                .isEqualTo(size);
    }

    @Test
    void shouldRefuseWhatIsOutOfRange() {
        assertThatIllegalArgumentException().isThrownBy(() -> KeyedPermutation.of(0, 1, 1));
        KeyedPermutation permutation = KeyedPermutation.of(5, 1, 1);
        assertThatThrownBy(() -> permutation.position(5)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> permutation.element(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static long agreements(KeyedPermutation one, KeyedPermutation other, int size) {
        return LongStream.range(0, size)
                .filter(element -> one.position(element) == other.position(element))
                .count();
    }

    /** How many standard deviations chi-square lies above its mean. */
    private static double chiSquareDeviation(int[] counts, double expected) {
        double chiSquare = 0;
        for (int count : counts) {
            chiSquare += (count - expected) * (count - expected) / expected;
        }
        int freedom = counts.length - 1;
        return (chiSquare - freedom) / Math.sqrt(2.0 * freedom);
    }
}
