package org.sandglass.ops.device;

/** The kinds of device that a network may be compiled for. */
public enum DeviceKind {
    /** oneDNN on the processor. */
    CPU,
    /** cuDNN on an NVIDIA GPU. */
    CUDA,
    /** Plain Java in double precision: the oracle of the tests, never a product path. */
    REFERENCE
}
