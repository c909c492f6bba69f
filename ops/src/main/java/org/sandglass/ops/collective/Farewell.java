package org.sandglass.ops.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Collection;

/** How a rank leaves its group: says why, and makes sure that it can be heard. Belongs to one thread. */
final class Farewell {

    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Engine engine;
    private final Selector selector;

    Farewell(Engine engine, Selector selector) {
        this.engine = engine;
        this.selector = selector;
    }

    /** Says it to all, after finishing the frames that have been begun, so that it can be understood. */
    void say(Frame last, long deadline) throws IOException {
        for (Link link : engine.links()) {
            link.outbound().post(last);
        }
        while (System.nanoTime() - deadline < 0) {
            boolean full = false;
            for (Link link : engine.links()) {
                try {
                    link.write(Operations.NONE);
                } catch (Fault fault) {
                    link.close();
                }
                full |= link.wantsToWrite();
            }
            if (!full) {
                return;
            }
            for (SelectionKey key : selector.keys()) {
                if (key.isValid()) {
                    Link link = (Link) key.attachment();
                    key.interestOps(link.wantsToWrite() ? SelectionKey.OP_WRITE : 0);
                }
            }
            selector.select(
                    key -> ((Link) key.attachment()).writable(), (deadline - System.nanoTime()) / NANOS_PER_MILLI + 1);
        }
    }

    /** Reads and forgets until the peers have ended too: closing on unread bytes would destroy what was just said. */
    void drain(Collection<SocketChannel> channels, long deadline) throws IOException {
        ByteBuffer scratch = ByteBuffer.allocateDirect(64 << 10);
        for (SocketChannel channel : channels) {
            if (channel.isOpen()) {
                try {
                    channel.shutdownOutput();
                } catch (IOException cause) {
                    channel.close();
                }
            }
        }
        while (System.nanoTime() - deadline < 0 && channels.stream().anyMatch(SocketChannel::isOpen)) {
            for (SelectionKey key : selector.keys()) {
                if (key.isValid()) {
                    key.interestOps(SelectionKey.OP_READ);
                }
            }
            selector.select(Math.max(1, (deadline - System.nanoTime()) / NANOS_PER_MILLI));
            for (SelectionKey key : selector.selectedKeys()) {
                if (key.isValid()) {
                    discard((SocketChannel) key.channel(), scratch);
                }
            }
            selector.selectedKeys().clear();
        }
    }

    private static void discard(SocketChannel channel, ByteBuffer scratch) throws IOException {
        try {
            if (channel.read(scratch.clear()) < 0) {
                channel.close();
            }
        } catch (IOException cause) {
            channel.close();
        }
    }
}
