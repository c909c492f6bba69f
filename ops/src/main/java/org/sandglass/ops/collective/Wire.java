package org.sandglass.ops.collective;

/** What summands and sums look like between hosts. Accumulation is always in fp32; broadcasts carry bytes as they are. */
public enum Wire {
    F32,
    /** Rounded to the nearest bfloat16, ties to even, whenever they are sent: half the bytes. */
    BF16
}
