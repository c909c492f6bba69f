package org.sandglass.ops.tensor;

import java.util.List;
import java.util.stream.Collectors;

/** The extents of a tensor, outermost first. Immutable. */
public record Shape(List<Integer> dimensions) {

    /** @throws IllegalArgumentException if an extent is not positive */
    public Shape {
        dimensions = List.copyOf(dimensions);
        if (dimensions.stream().anyMatch(dimension -> dimension <= 0)) {
            throw new IllegalArgumentException("Cannot make a shape: extents must be positive: " + dimensions);
        }
    }

    public static Shape of(int... dimensions) {
        return new Shape(java.util.Arrays.stream(dimensions).boxed().toList());
    }

    public int rank() {
        return dimensions.size();
    }

    public int dimension(int index) {
        return dimensions.get(index);
    }

    /** The number of elements. */
    public long elements() {
        return dimensions.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    @Override
    public String toString() {
        return dimensions.stream().map(String::valueOf).collect(Collectors.joining("×"));
    }
}
