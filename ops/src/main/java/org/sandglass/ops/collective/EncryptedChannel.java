package org.sandglass.ops.collective;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ScatteringByteChannel;

/**
 * A non-blocking connection whose bytes travel in sealed records: {@code length 4 | cipher text | tag 16}, with at most
 * {@link #RECORD_BYTES} of plain text each.
 *
 * <p>Plain text counts as written only when the whole of its record is: until then the caller offers it again, which
 * changes nothing. So a caller that wants to write has to wait for the connection, and never for this channel. What has
 * been read and not been asked for is {@link #kept()}: no selector tells of it. Belongs to one thread.
 */
final class EncryptedChannel implements ScatteringByteChannel, GatheringByteChannel {

    static final int RECORD_BYTES = 32 << 10;

    private static final int HEADER_BYTES = Integer.BYTES;
    private static final int SEALED_BYTES = RECORD_BYTES + RecordCipher.TAG_BYTES;

    private final Channel connection;
    private final ScatteringByteChannel source;
    private final GatheringByteChannel target;
    private final RecordCipher sealer;
    private final RecordCipher opener;
    private final Kept kept = new Kept();
    private final byte[] header = new byte[HEADER_BYTES];
    private final byte[] plain = new byte[RECORD_BYTES];
    private final byte[] sealed = new byte[SEALED_BYTES];
    private final ByteBuffer outgoing =
            ByteBuffer.allocateDirect(HEADER_BYTES + SEALED_BYTES).limit(0);
    private final ByteBuffer incoming = ByteBuffer.allocateDirect(HEADER_BYTES + SEALED_BYTES);
    private final byte[] opened = new byte[SEALED_BYTES];
    private final ByteBuffer[] single = new ByteBuffer[1];
    private int promised;
    private int from;
    private int to;

    /**
     * Wraps a connection.
     *
     * @param connection non-blocking; closed with this channel
     */
    <C extends ScatteringByteChannel & GatheringByteChannel> EncryptedChannel(C connection, Session session) {
        this.connection = connection;
        this.source = connection;
        this.target = connection;
        this.sealer = session.sealer();
        this.opener = session.opener();
    }

    /** What has come already; reading it never touches the connection. */
    Kept kept() {
        return kept;
    }

    @Override
    public long write(ByteBuffer[] buffers) throws IOException {
        long written = 0;
        while (true) {
            if (!outgoing.hasRemaining() && !seal(buffers)) {
                return written;
            }
            target.write(outgoing);
            if (outgoing.hasRemaining()) {
                return written;
            }
            consume(buffers);
            written += promised;
            promised = 0;
        }
    }

    @Override
    public long read(ByteBuffer[] buffers) throws IOException {
        while (!kept.available()) {
            int count = source.read(incoming);
            if (count < 0 && incoming.position() > 0) {
                throw new EOFException("its connection has ended in the middle of a record");
            }
            if (count <= 0) {
                return count;
            }
        }
        return kept.read(buffers);
    }

    @Override
    public int write(ByteBuffer buffer) throws IOException {
        single[0] = buffer;
        return (int) write(single);
    }

    @Override
    public int read(ByteBuffer buffer) throws IOException {
        single[0] = buffer;
        return (int) read(single);
    }

    @Override
    public long write(ByteBuffer[] buffers, int offset, int length) {
        throw new UnsupportedOperationException("only whole arrays are written here");
    }

    @Override
    public long read(ByteBuffer[] buffers, int offset, int length) {
        throw new UnsupportedOperationException("only whole arrays are read here");
    }

    @Override
    public boolean isOpen() {
        return connection.isOpen();
    }

    @Override
    public void close() throws IOException {
        connection.close();
    }

    /** Makes a record of what is offered; returns whether anything was. */
    private boolean seal(ByteBuffer[] buffers) {
        int length = 0;
        for (ByteBuffer buffer : buffers) {
            int portion = Math.min(buffer.remaining(), RECORD_BYTES - length);
            buffer.get(buffer.position(), plain, length, portion);
            length += portion;
        }
        if (length == 0) {
            return false;
        }
        promised = length;
        outgoing.clear().putInt(length);
        outgoing.get(0, header);
        outgoing.put(sealed, 0, sealer.next(header, plain, length, sealed)).flip();
        return true;
    }

    private void consume(ByteBuffer[] buffers) {
        int length = promised;
        for (ByteBuffer buffer : buffers) {
            int portion = Math.min(buffer.remaining(), length);
            buffer.position(buffer.position() + portion);
            length -= portion;
        }
        if (length > 0) {
            throw new IllegalStateException("Cannot go on writing: " + length + " bytes are no longer offered");
        }
    }

    /** The plain text that is here already. */
    final class Kept implements ScatteringByteChannel {

        private Kept() {}

        /** Whether there is any, or a record that holds some. */
        boolean available() throws IOException {
            return from < to || recordBytes() > 0;
        }

        @Override
        public long read(ByteBuffer[] buffers) throws IOException {
            int length = recordBytes();
            if (from == to && length > 0) {
                open(length);
            }
            long count = 0;
            for (ByteBuffer buffer : buffers) {
                int portion = Math.min(buffer.remaining(), to - from);
                buffer.put(opened, from, portion);
                from += portion;
                count += portion;
            }
            return count;
        }

        @Override
        public int read(ByteBuffer buffer) throws IOException {
            single[0] = buffer;
            return (int) read(single);
        }

        @Override
        public long read(ByteBuffer[] buffers, int offset, int length) {
            throw new UnsupportedOperationException("only whole arrays are read here");
        }

        @Override
        public boolean isOpen() {
            return connection.isOpen();
        }

        @Override
        public void close() throws IOException {
            connection.close();
        }

        /** The length of the plain text of the next record; 0 while it is not whole. */
        private int recordBytes() throws IOException {
            if (incoming.position() < HEADER_BYTES) {
                return 0;
            }
            int length = incoming.getInt(0);
            if (length <= 0 || length > RECORD_BYTES) {
                throw new IOException("what came over its connection is no record of ours: length " + length);
            }
            return incoming.position() >= HEADER_BYTES + length + RecordCipher.TAG_BYTES ? length : 0;
        }

        private void open(int length) throws IOException {
            incoming.get(0, header);
            incoming.get(HEADER_BYTES, sealed, 0, length + RecordCipher.TAG_BYTES);
            int count = opener.next(header, sealed, length + RecordCipher.TAG_BYTES, opened);
            if (count < 0) {
                throw new IOException("what came over its connection is not what it sent: altered, repeated or cut");
            }
            from = 0;
            to = count;
            incoming.flip().position(HEADER_BYTES + length + RecordCipher.TAG_BYTES);
            incoming.compact();
        }
    }
}
