package org.sandglass.ops.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.Map;

/** Named results of a trial, for comparison tensor by tensor. */
record Tensors(Map<String, FloatBuffer> values) {

    /** Per element, what rounding may leave of a gradient that is zero. */
    private static final double ABSOLUTE = 1e-6;

    Tensors() {
        this(new LinkedHashMap<>());
    }

    void put(String name, FloatBuffer value) {
        values.put(name, value);
    }

    /** Takes a gradient vector apart: counters, batch statistics, parameters and the gaps between them. */
    void putGradients(FlatLayout layout, FloatBuffer vector) {
        FloatBuffer rest = FloatBuffer.allocate(vector.capacity()).put(vector.duplicate());
        cut("counters", vector, rest, 0, FlatLayout.COUNTERS);
        for (BatchStatistics norm : layout.statistics()) {
            long mean = FlatLayout.COUNTERS + layout.meanOffset(norm);
            long variance = FlatLayout.COUNTERS + layout.varianceOffset(norm);
            cut(norm.name() + " mean", vector, rest, mean, norm.channels());
            cut(norm.name() + " variance", vector, rest, variance, norm.channels());
        }
        for (Parameter parameter : layout.parameters()) {
            long offset = layout.gradientOffset(parameter);
            cut(parameter.name(), vector, rest, offset, parameter.shape().elements());
        }
        put("gaps", rest.rewind());
    }

    private void cut(String name, FloatBuffer vector, FloatBuffer rest, long offset, long length) {
        put(name, vector.slice((int) offset, (int) length));
        rest.put((int) offset, new float[(int) length]);
    }

    void assertCloseTo(Tensors expected, double tolerance) {
        assertThat(values.keySet()).isEqualTo(expected.values.keySet());
        values.forEach((name, actual) -> assertClose(name, actual, get(expected, name), tolerance));
    }

    /** Compares in norm: |actual − expected| ≤ tolerance · |expected|. */
    static void assertClose(String name, FloatBuffer actual, FloatBuffer expected, double tolerance) {
        assertThat(actual.remaining()).as("elements of %s", name).isEqualTo(expected.remaining());
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.remaining(); i++) {
            double e = expected.get(i);
            double d = actual.get(i) - e;
            difference += d * d;
            size += e * e;
        }
        double bound = tolerance * Math.sqrt(size) + ABSOLUTE * Math.sqrt(expected.remaining());
        assertThat(Math.sqrt(difference))
                .as("distance of %s, whose norm is %s", name, Math.sqrt(size))
                .isLessThanOrEqualTo(bound);
    }

    private static FloatBuffer get(Tensors tensors, String name) {
        FloatBuffer value = tensors.values.get(name);
        if (value == null) {
            throw new AssertionError("no tensor " + name);
        }
        return value;
    }
}
