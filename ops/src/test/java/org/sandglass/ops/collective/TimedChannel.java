package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;
import java.util.Random;

/**
 * One end of a connection in simulated time: bytes arrive in order, after a while, in portions of their own; the
 * connection can break, or fall silent, in each direction.
 */
final class TimedChannel implements ScatteringByteChannel, GatheringByteChannel {

    /** One direction. */
    private static final class Way {
        private final SimulatedTime time;
        private final Random random;
        private final byte[] arrived;
        private final long latency;
        private final long nanosPerByte;
        private int head;
        private int size;
        private int underWay;
        private long lastArrival;
        private boolean silent;
        private boolean ended;
        private boolean reset;
        private boolean closed;
        private Runnable onRefusal = () -> {};
        private Runnable onArrival = () -> {};
        private Runnable onSpace = () -> {};

        Way(SimulatedTime time, Random random) {
            this.time = time;
            this.random = random;
            this.arrived = new byte[2000 + random.nextInt(30_000)];
            this.latency = 10_000L + random.nextInt(random.nextInt(10) == 0 ? 50_000_000 : 500_000);
            this.nanosPerByte = 1L + random.nextInt(100);
        }

        int space() {
            return arrived.length - size - underWay;
        }

        void deliver(byte[] bytes) {
            underWay += bytes.length;
            arrive(bytes.length, () -> {
                underWay -= bytes.length;
                if (closed) {
                    onRefusal.run();
                    return;
                }
                for (byte each : bytes) {
                    arrived[(head + size++) % arrived.length] = each;
                }
            });
        }

        /** Something that happens at the other end, after all that was sent before. */
        void arrive(int bytes, Runnable what) {
            long jitter = random.nextInt(4) == 0 ? random.nextInt(2_000_000) : 0;
            lastArrival = Math.max(lastArrival, time.now() + latency + jitter) + bytes * nanosPerByte;
            time.at(lastArrival, () -> {
                if (!silent) {
                    what.run();
                    onArrival.run();
                }
            });
        }

        void take(ByteBuffer target, int count) {
            for (int i = 0; i < count; i++) {
                target.put(arrived[head]);
                head = (head + 1) % arrived.length;
            }
            size -= count;
            time.at(time.now() + latency, onSpace);
        }
    }

    private final Way in;
    private final Way out;
    private boolean open = true;

    private TimedChannel(Way in, Way out) {
        this.in = in;
        this.out = out;
        in.onRefusal = this::breakOff;
    }

    static TimedChannel[] connection(SimulatedTime time, Random random) {
        Way there = new Way(time, random);
        Way back = new Way(time, random);
        return new TimedChannel[] {new TimedChannel(back, there), new TimedChannel(there, back)};
    }

    /** Has the owner of this end told when it can read or write. */
    void onChange(Runnable wake) {
        in.onArrival = wake;
        out.onSpace = wake;
    }

    boolean readable() {
        return open && (in.size > 0 || in.ended || in.reset);
    }

    boolean writable() {
        return open && (out.space() > 0 || in.reset);
    }

    /** The other end hears no more from this one, and never learns why. */
    void fallSilent() {
        out.silent = true;
    }

    void shutdownOutput() {
        out.arrive(0, () -> out.ended = true);
    }

    /** What becomes of connections of a process that is killed: the other end sees their end, or that they broke. */
    void die(boolean orderly) {
        open = false;
        in.closed = true;
        if (orderly && in.size == 0) {
            shutdownOutput();
        } else {
            breakOff();
        }
    }

    /** The other end's connection breaks, and what has not been read yet is lost. */
    void breakOff() {
        out.arrive(0, () -> {
            out.reset = true;
            out.size = 0;
        });
    }

    @Override
    public int read(ByteBuffer buffer) throws IOException {
        if (in.reset) {
            throw new IOException("Connection reset");
        }
        if (in.size == 0) {
            return in.ended ? -1 : 0;
        }
        int count = Math.min(buffer.remaining(), portion(in.size));
        in.take(buffer, count);
        return count;
    }

    @Override
    public int write(ByteBuffer buffer) throws IOException {
        if (!open || in.reset) {
            throw new IOException("Broken pipe");
        }
        int count = Math.min(buffer.remaining(), out.space() == 0 ? 0 : portion(out.space()));
        if (count > 0) {
            byte[] bytes = new byte[count];
            buffer.get(bytes);
            out.deliver(bytes);
        }
        return count;
    }

    @Override
    public long read(ByteBuffer[] buffers) throws IOException {
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
        if (open) {
            die(true);
        }
    }

    private int portion(int available) {
        return in.random.nextBoolean() ? available : 1 + in.random.nextInt(available);
    }
}
