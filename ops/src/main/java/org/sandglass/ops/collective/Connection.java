package org.sandglass.ops.collective;

import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A connection whose ends have recognised each other.
 *
 * @param socket non-blocking
 * @param session whose keys encrypt it; null if nothing does
 */
record Connection(SocketChannel socket, @Nullable Session session) {

    /** Makes it the engine's link with the peer. */
    Link link(Engine engine, int peer, long now) {
        return session == null
                ? engine.link(peer, socket, now)
                : engine.link(peer, new EncryptedChannel(socket, session), now);
    }
}
