package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Groups whose ranks live in one process: for a single rank, for tests, and for several devices under one roof.
 *
 * <p>The rank that comes last does the work of an operation, adding in the order of ranks.
 */
public final class InProcess {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private InProcess() {}

    /** A group of one, whose operations are complete at once. */
    public static Communicator single() {
        return group(1).get(0);
    }

    /** The communicators of a new group, by rank; each may be used by a thread of its own. */
    public static List<Communicator> group(int ranks) {
        return group(ranks, TIMEOUT);
    }

    /** As {@link #group(int)}, with a deadline for every wait. */
    public static List<Communicator> group(int ranks, Duration timeout) {
        if (ranks < 1) {
            throw new IllegalArgumentException("Cannot make a group: ranks=" + ranks);
        }
        Group group = new Group(ranks, timeout);
        List<Communicator> members = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            members.add(new Member(group, rank));
        }
        return List.copyOf(members);
    }

    /** What a rank contributes to an operation. */
    private record Part(String kind, int root, FloatBuffer floats, ByteBuffer bytes, Completion completion) {}

    private static final class Group {
        private final int ranks;
        private final Duration timeout;
        private final Map<Long, Map<Integer, Part>> gathering = new HashMap<>();
        private @Nullable PeerFailure failure;

        Group(int ranks, Duration timeout) {
            this.ranks = ranks;
            this.timeout = timeout;
        }

        synchronized void join(long sequence, int rank, Part part) {
            if (failure != null) {
                part.completion().fail(failure);
                return;
            }
            Map<Integer, Part> parts = gathering.computeIfAbsent(sequence, key -> new HashMap<>());
            parts.put(rank, part);
            for (Part other : parts.values()) {
                if (!other.kind().equals(part.kind())) {
                    fail(new PeerFailure("Cannot complete " + part.kind() + " on rank " + rank
                            + ": another rank has started " + other.kind() + " instead"));
                    return;
                }
            }
            if (parts.size() == ranks) {
                gathering.remove(sequence);
                complete(parts);
            }
        }

        synchronized void leave(int rank) {
            if (failure == null) {
                fail(new PeerFailure("Cannot go on: rank " + rank + " has closed its communicator"));
            }
        }

        private void fail(PeerFailure cause) {
            failure = cause;
            gathering.values().forEach(parts -> parts.values()
                    .forEach(part -> part.completion().fail(cause)));
            gathering.clear();
        }

        private void complete(Map<Integer, Part> parts) {
            Part first = part(parts, 0);
            FloatSum sum = new FloatSum();
            for (int rank = 1; rank < ranks; rank++) {
                FloatBuffer floats = part(parts, rank).floats();
                sum.add(first.floats(), 0, floats, 0, floats.remaining());
            }
            for (int rank = 1; rank < ranks; rank++) {
                FloatBuffer floats = part(parts, rank).floats();
                floats.put(0, first.floats(), 0, floats.remaining());
            }
            ByteBuffer source = part(parts, first.root()).bytes();
            for (int rank = 0; rank < ranks; rank++) {
                if (rank != first.root()) {
                    part(parts, rank).bytes().put(0, source, 0, source.remaining());
                }
            }
            parts.values().forEach(part -> part.completion().succeed());
        }

        private static Part part(Map<Integer, Part> parts, int rank) {
            Part part = parts.get(rank);
            if (part == null) {
                throw new IllegalStateException("rank " + rank + " is missing");
            }
            return part;
        }
    }

    private static final class Member implements Communicator {
        private static final FloatBuffer NO_FLOATS = FloatBuffer.allocate(0);
        private static final ByteBuffer NO_BYTES = ByteBuffer.allocate(0);

        private final Group group;
        private final int rank;
        private long sequence;

        Member(Group group, int rank) {
            this.group = group;
            this.rank = rank;
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int worldSize() {
            return group.ranks;
        }

        @Override
        public PendingOperation allReduce(FloatBuffer buffer) {
            Arguments.checkSummable(buffer);
            return join("all-reduce of " + buffer.remaining() + " elements", 0, buffer.slice(), NO_BYTES);
        }

        @Override
        public PendingOperation broadcast(ByteBuffer buffer, int root) {
            Arguments.checkCopyable(buffer, root, group.ranks);
            String kind = "broadcast of " + buffer.remaining() + " bytes from rank " + root;
            return join(kind, root, NO_FLOATS, buffer.slice());
        }

        @Override
        public void barrier() {
            join("barrier", 0, NO_FLOATS, NO_BYTES).await();
        }

        @Override
        public void close() {
            group.leave(rank);
        }

        private Completion join(String kind, int root, FloatBuffer floats, ByteBuffer bytes) {
            Completion completion =
                    new Completion(kind + " (operation " + sequence + ") on rank " + rank, group.timeout);
            group.join(sequence++, rank, new Part(kind, root, floats, bytes, completion));
            return completion;
        }
    }
}
