package org.sandglass.ops.device.cuda;

import org.sandglass.ops.device.plan.Place;
import org.sandglass.ops.tensor.DataType;

/** A tensor that steps read and write: images as batch × height × width × channels, vectors as rows; elements in all. */
record Operand(long elements, DataType type, Place place) {}
