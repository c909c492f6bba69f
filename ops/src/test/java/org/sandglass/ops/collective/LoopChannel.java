package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;

/** A connection with itself: what is written can be read. */
final class LoopChannel implements ScatteringByteChannel, GatheringByteChannel {

    private final ByteBuffer bytes = ByteBuffer.allocateDirect(1 << 20);
    private boolean ended;

    /** Takes what has been written and not read. */
    byte[] drain() {
        byte[] content = new byte[bytes.flip().remaining()];
        bytes.get(content).clear();
        return content;
    }

    /** Nothing more will come. */
    void end() {
        ended = true;
    }

    @Override
    public int write(ByteBuffer buffer) {
        int count = buffer.remaining();
        bytes.put(buffer);
        return count;
    }

    @Override
    public int read(ByteBuffer buffer) {
        if (bytes.position() == 0) {
            return ended ? -1 : 0;
        }
        bytes.flip();
        int count = Math.min(buffer.remaining(), bytes.remaining());
        buffer.put(buffer.position(), bytes, bytes.position(), count).position(buffer.position() + count);
        bytes.position(bytes.position() + count).compact();
        return count;
    }

    @Override
    public long write(ByteBuffer[] buffers) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long read(ByteBuffer[] buffers) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long write(ByteBuffer[] buffers, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long read(ByteBuffer[] buffers, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        ended = true;
    }
}
