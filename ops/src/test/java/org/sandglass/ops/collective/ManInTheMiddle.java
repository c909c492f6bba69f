package org.sandglass.ops.collective;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/** Sits between one dialer and its listener, hears all that they say, and may change what the dialer says. */
final class ManInTheMiddle implements AutoCloseable {

    /** What becomes of a portion on its way, given the offset of its first byte. */
    interface Change {
        /** Passes on what shall arrive; returns false to cut the connection. */
        boolean apply(byte[] bytes, int length, long offset, OutputStream target) throws IOException;
    }

    private final ServerSocket server;
    private final InetSocketAddress target;
    private final Change change;
    private final ByteArrayOutputStream heard = new ByteArrayOutputStream();
    private final List<Socket> sockets = new ArrayList<>();

    ManInTheMiddle(InetSocketAddress target, Change change) throws IOException {
        this.server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        this.target = target;
        this.change = change;
        thread(this::serve);
    }

    static boolean pass(byte[] bytes, int length, OutputStream target) throws IOException {
        target.write(bytes, 0, length);
        return true;
    }

    InetSocketAddress address() {
        return new InetSocketAddress(server.getInetAddress(), server.getLocalPort());
    }

    /** All bytes so far, of both directions. */
    byte[] heard() {
        synchronized (heard) {
            return heard.toByteArray();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        synchronized (sockets) {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private void serve() throws IOException {
        Socket dialer = keep(server.accept());
        Socket listener = keep(new Socket(target.getAddress(), target.getPort()));
        thread(() -> carry(dialer, listener, change));
        carry(listener, dialer, (bytes, length, offset, to) -> pass(bytes, length, to));
    }

    private void carry(Socket from, Socket to, Change how) throws IOException {
        InputStream in = from.getInputStream();
        byte[] bytes = new byte[1024];
        long offset = 0;
        for (int length = in.read(bytes); length >= 0; length = in.read(bytes)) {
            synchronized (heard) {
                heard.write(bytes, 0, length);
            }
            if (!how.apply(bytes, length, offset, to.getOutputStream())) {
                to.close();
                from.close();
                return;
            }
            offset += length;
        }
        to.shutdownOutput();
    }

    private Socket keep(Socket socket) throws IOException {
        socket.setTcpNoDelay(true);
        synchronized (sockets) {
            sockets.add(socket);
        }
        return socket;
    }

    /** Something that ends when its sockets do. */
    private interface Work {
        void run() throws IOException;
    }

    private static void thread(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException over) {
                Thread.currentThread().interrupt();
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
