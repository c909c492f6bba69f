package org.sandglass.ops.tensor;

/** The element types that a device may compute in. */
public enum DataType {
    F32(4),
    BF16(2),
    F16(2);

    private final int bytes;

    DataType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }
}
