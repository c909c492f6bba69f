package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * The memory of an operation whose numbers are fp32 in memory and bfloat16 on the wire; slots and frames are measured in
 * bytes of the wire.
 *
 * <p>What is sent is rounded in its place too: of what a rank sends it either has no more use, or it is a sum that the
 * others copy, and so all have the same bits.
 */
final class BrainFloatRegion extends Region {

    private static final int BLOCK_BYTES = BrainFloats.BLOCK * BrainFloats.BYTES;

    private final BrainFloatWire wire;
    private final IntBuffer bits;

    BrainFloatRegion(ByteBuffer bytes, FloatBuffer floats, int ranks, BrainFloatWire wire) {
        super(bytes, floats, ranks);
        this.wire = wire;
        this.bits = bytes.duplicate().order(ByteOrder.nativeOrder()).asIntBuffer();
    }

    @Override
    ByteBuffer outgoing(int peer, Slot slot) {
        Staging staging = wire.outgoing(peer);
        wire.codec()
                .encode(
                        bits,
                        slot.from() / BrainFloats.BYTES,
                        slot.length() / BrainFloats.BYTES,
                        staging.bytes().clear(),
                        staging.words());
        return staging.bytes().limit(slot.length());
    }

    @Override
    boolean takesAsItIs(Slot slot) {
        return false;
    }

    @Override
    int take(Slot slot, int moved, Staging source, int at, int available, FloatSum sum) {
        int usable = moved + available == slot.length() ? available : available / BLOCK_BYTES * BLOCK_BYTES;
        for (int done = 0; done < usable; done += BLOCK_BYTES) {
            int elements = Math.min(BLOCK_BYTES, usable - done) / BrainFloats.BYTES;
            int target = (slot.from() + moved + done) / BrainFloats.BYTES;
            FloatBuffer decoded =
                    wire.codec().decode(source.bytes(), source.words(), (at + done) / Integer.BYTES, elements);
            if (slot.adds()) {
                sum.add(floats(), target, decoded, 0, elements);
            } else {
                floats().put(target, decoded, 0, elements);
            }
        }
        return usable;
    }
}
