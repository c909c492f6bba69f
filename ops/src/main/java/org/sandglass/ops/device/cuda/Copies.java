package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/**
 * Copies between any memory of the host and the device, in the order of compute, through two pinned blocks: while one is on
 * its way, the other is filled. Uploads return when the source has been read, downloads when the target has been filled.
 */
final class Copies implements AutoCloseable {
    private static final int BLOCK_BYTES = 1 << 20;

    private final Checks checks;
    private final Streams streams;
    private final Block[] blocks;
    private int next;

    private record Block(Memory memory, FloatBuffer floats, Pointer address, Fence used) {}

    Copies(Checks checks, Streams streams) {
        this.checks = checks;
        this.streams = streams;
        blocks = new Block[] {block(), block()};
    }

    private Block block() {
        Memory memory = Memory.pinned(checks, BLOCK_BYTES);
        return new Block(memory, memory.view().asFloatBuffer(), memory.at(0), streams.fence());
    }

    /** Copies {@code source}'s remaining elements; its position is left alone. */
    void upload(Memory target, long targetBytes, FloatBuffer source) {
        int done = 0;
        while (done < source.remaining()) {
            Block block = nextBlock();
            int count = Math.min(block.floats().capacity(), source.remaining() - done);
            streams.hold(Wait.STAGING_FREE, block.used());
            block.floats().put(0, source, source.position() + done, count);
            copy(
                    streams.compute(),
                    target.at(targetBytes + (long) done * Float.BYTES),
                    block.address(),
                    (long) count * Float.BYTES,
                    cudart.cudaMemcpyHostToDevice);
            streams.mark(block.used(), streams.compute());
            done += count;
        }
    }

    /** Fills {@code target}'s remaining elements; its position is left alone. */
    void download(Memory source, long sourceBytes, FloatBuffer target) {
        int done = 0;
        while (done < target.remaining()) {
            Block block = nextBlock();
            int count = Math.min(block.floats().capacity(), target.remaining() - done);
            copy(
                    streams.compute(),
                    block.address(),
                    source.at(sourceBytes + (long) done * Float.BYTES),
                    (long) count * Float.BYTES,
                    cudart.cudaMemcpyDeviceToHost);
            streams.mark(block.used(), streams.compute());
            streams.hold(Wait.DOWNLOADED, block.used());
            target.put(target.position() + done, block.floats(), 0, count);
            done += count;
        }
    }

    /** Queues a copy between pinned memory and the device, or within the device. */
    void copy(CUstream_st stream, Pointer target, Pointer source, long bytes, int kind) {
        checks.runtime("cudaMemcpyAsync", cudart.cudaMemcpyAsync(target, source, bytes, kind, stream));
    }

    private Block nextBlock() {
        next = 1 - next;
        return blocks[next];
    }

    @Override
    public void close() {
        for (Block block : blocks) {
            block.memory().close();
        }
    }
}
