package org.sandglass.ops.collective;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The last step of forming a group: the {@link Verdict}s that connected ranks exchange. A group is formed once every rank
 * has said to every other that it is connected with all, so no operation begins before, and all learn which pair cannot
 * connect.
 *
 * <p>Nothing but verdicts can come from a rank before this one has said that it is connected with all, nor from a rank
 * that has not said so itself. Belongs to one thread.
 */
final class RollCall {

    private static final long LINGER_NANOS = Duration.ofMillis(300).toNanos();

    /** A rank that is connected. */
    private static final class Member {
        private final SelectionKey key;
        private final Session session;
        private final ByteBuffer incoming = ByteBuffer.allocate(Verdict.BYTES);
        private boolean connected;

        Member(SelectionKey key, Session session) {
            this.key = key;
            this.session = session;
        }

        SocketChannel channel() {
            return (SocketChannel) key.channel();
        }
    }

    private final int ranks;
    private final Map<Integer, Member> members = new TreeMap<>();
    private boolean announced;

    RollCall(int ranks) {
        this.ranks = ranks;
    }

    void add(int rank, SelectionKey key, Session session) {
        members.put(rank, new Member(key, session));
        key.attach(rank);
        key.interestOps(SelectionKey.OP_READ);
    }

    /** Says that this rank is connected with all; once. */
    void announce() {
        if (!announced) {
            announced = true;
            members.values().forEach(member -> say(member, Verdict.CONNECTED));
            members.values().forEach(this::stopListening);
        }
    }

    /** A rank that has not said that it is connected with all, or -1. */
    int awaited() {
        return members.entrySet().stream()
                .filter(member -> !member.getValue().connected)
                .mapToInt(Map.Entry::getKey)
                .findFirst()
                .orElse(-1);
    }

    /** Reads what a rank says; returns the pair that cannot connect, if it names one. */
    @Nullable
    Verdict hear(int rank) throws IOException, Refusal {
        Member member = members.get(rank);
        if (member == null) {
            throw new IllegalArgumentException("rank " + rank + " is not connected");
        }
        while (!(announced && member.connected)) {
            int count = member.channel().read(member.incoming);
            if (count < 0) {
                member.key.cancel();
                throw new EOFException("has closed the connection while the group formed");
            }
            if (member.incoming.hasRemaining()) {
                return null;
            }
            Verdict verdict = Verdict.decode(member.incoming.clear().array(), member.session, ranks);
            if (!verdict.equals(Verdict.CONNECTED)) {
                return verdict;
            }
            member.connected = true;
        }
        stopListening(member);
        return null;
    }

    /** Tells all who may still be waiting that two ranks cannot connect, and makes sure that it can be heard. */
    void tell(Verdict pair) throws IOException {
        members.values().removeIf(member -> member.connected && announced);
        for (Member member : members.values()) {
            say(member, pair);
        }
        ByteBuffer scratch = ByteBuffer.allocate(Verdict.BYTES);
        long deadline = System.nanoTime() + LINGER_NANOS;
        while (!members.isEmpty() && System.nanoTime() - deadline < 0) {
            members.values().removeIf(member -> ended(member.channel(), scratch));
            try {
                Thread.sleep(5);
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static void say(Member member, Verdict verdict) {
        try {
            member.channel().write(ByteBuffer.wrap(verdict.encode(member.session)));
            if (!verdict.equals(Verdict.CONNECTED)) {
                member.channel().shutdownOutput();
            }
        } catch (IOException gone) {
            member.key.cancel();
        }
    }

    private static boolean ended(SocketChannel channel, ByteBuffer scratch) {
        try {
            return channel.read(scratch.clear()) < 0;
        } catch (IOException gone) {
            return true;
        }
    }

    private void stopListening(Member member) {
        if (announced && member.connected && member.key.isValid()) {
            member.key.interestOps(0);
        }
    }
}
