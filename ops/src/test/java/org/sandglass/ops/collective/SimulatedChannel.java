package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.Random;

/** One end of a connection that exists in memory only, takes and gives arbitrary portions, and holds little. */
final class SimulatedChannel implements ScatteringByteChannel, GatheringByteChannel {

    private static final int CAPACITY = 3000;

    /** Bytes on their way in one direction. */
    private static final class Pipe {
        private final byte[] bytes = new byte[CAPACITY];
        private int head;
        private int size;
        private boolean ended;
    }

    private final Pipe source;
    private final Pipe target;
    private final Random random;
    private boolean open = true;

    private SimulatedChannel(Pipe source, Pipe target, Random random) {
        this.source = source;
        this.target = target;
        this.random = random;
    }

    static SimulatedChannel[] connection(Random random) {
        Pipe there = new Pipe();
        Pipe back = new Pipe();
        return new SimulatedChannel[] {
            new SimulatedChannel(back, there, random), new SimulatedChannel(there, back, random)
        };
    }

    boolean readable() {
        return open && (source.size > 0 || source.ended);
    }

    boolean writable() {
        return open && target.size < CAPACITY;
    }

    @Override
    public int read(ByteBuffer buffer) {
        if (source.size == 0) {
            return source.ended ? -1 : 0;
        }
        int count = Math.min(buffer.remaining(), portion(source.size));
        for (int i = 0; i < count; i++) {
            buffer.put(source.bytes[source.head]);
            source.head = (source.head + 1) % CAPACITY;
        }
        source.size -= count;
        return count;
    }

    @Override
    public int write(ByteBuffer buffer) throws IOException {
        if (!open) {
            throw new IOException("closed");
        }
        int count = Math.min(buffer.remaining(), target.size == CAPACITY ? 0 : portion(CAPACITY - target.size));
        for (int i = 0; i < count; i++) {
            target.bytes[(target.head + target.size++) % CAPACITY] = buffer.get();
        }
        return count;
    }

    @Override
    public long read(ByteBuffer[] buffers) {
        long sum = 0;
        for (ByteBuffer buffer : buffers) {
            if (buffer.hasRemaining()) {
                int count = read(buffer);
                if (count < 0) {
                    return sum == 0 ? -1 : sum;
                }
                sum += count;
                if (buffer.hasRemaining()) {
                    return sum;
                }
            }
        }
        return sum;
    }

    @Override
    public long write(ByteBuffer[] buffers) throws IOException {
        long sum = 0;
        for (ByteBuffer buffer : buffers) {
            sum += write(buffer);
            if (buffer.hasRemaining()) {
                return sum;
            }
        }
        return sum;
    }

    @Override
    public long read(ByteBuffer[] buffers, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public long write(ByteBuffer[] buffers, int offset, int length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() {
        open = false;
        target.ended = true;
        source.ended = true;
    }

    private int portion(int available) {
        return random.nextBoolean() ? available : 1 + random.nextInt(available);
    }
}
