package org.sandglass.ops.tensor;

import java.nio.FloatBuffer;

/**
 * An fp32 tensor under a name, over memory that it does not own.
 *
 * @param name for example {@code layer1.0.conv1.weight}
 * @param values the elements, outermost dimension first; every call of the accessor returns a buffer with a position of
 *     its own over the same memory
 */
public record NamedTensor(String name, Shape shape, FloatBuffer values) {

    /** @throws IllegalArgumentException if {@code values} has not exactly {@code shape}'s elements remaining */
    public NamedTensor {
        if (values.remaining() != shape.elements()) {
            throw new IllegalArgumentException("Cannot make tensor " + name + ": shape " + shape + " has "
                    + shape.elements() + " elements, but " + values.remaining() + " were given");
        }
        values = values.slice();
    }

    @Override
    public FloatBuffer values() {
        return values.duplicate();
    }
}
