package org.sandglass.ops.optim;

import java.util.stream.IntStream;

/** Arithmetic of test expectations. */
final class Vectors {

    private Vectors() {}

    static double[] widened(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }

    static float[] narrowed(double[] values) {
        float[] narrowed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            narrowed[i] = (float) values[i];
        }
        return narrowed;
    }

    /** a + factor · b. */
    static double[] plus(double[] a, double factor, double[] b) {
        return IntStream.range(0, a.length)
                .mapToDouble(i -> a[i] + factor * b[i])
                .toArray();
    }

    static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }

    /** |actual − expected| / |expected|. */
    static double relativeError(double[] actual, double[] expected) {
        double[] difference = plus(actual, -1, expected);
        return Math.sqrt(dot(difference, difference) / dot(expected, expected));
    }
}
