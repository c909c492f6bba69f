package org.sandglass.ops.device;

import org.sandglass.ops.tensor.Shape;

/**
 * A tensor that flows through a {@link Graph}.
 *
 * @param id position in the graph: 0 is the graph's input, operation i writes value i + 1
 * @param shape extents of one sample, without the batch: (channels, height, width), or (features)
 */
public record Value(int id, Shape shape) {}
