package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    private enum Kind {
        ALL_REDUCE,
        REDUCE_SCATTER,
        ALL_GATHER,
        BROADCAST,
        BARRIER
    }

    /** What a rank contributes to an operation. */
    private record Part(
            Kind kind, String name, int root, FloatBuffer floats, ByteBuffer bytes, Completion completion) {}

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
                if (!other.name().equals(part.name())) {
                    fail(new PeerFailure("Cannot complete " + part.name() + " on rank " + rank
                            + ": another rank has started " + other.name() + " instead"));
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

        synchronized Optional<String> loss() {
            return Optional.ofNullable(failure).map(PeerFailure::getMessage);
        }

        private void fail(PeerFailure cause) {
            failure = cause;
            gathering.values().forEach(parts -> parts.values()
                    .forEach(part -> part.completion().fail(cause)));
            gathering.clear();
        }

        private void complete(Map<Integer, Part> parts) {
            Part first = part(parts, 0);
            switch (first.kind()) {
                case ALL_REDUCE -> {
                    sum(parts);
                    for (int rank = 1; rank < ranks; rank++) {
                        copy(parts, 0, rank, new Chunk(0, first.floats().remaining()));
                    }
                }
                case REDUCE_SCATTER -> {
                    sum(parts);
                    for (int rank = 1; rank < ranks; rank++) {
                        copy(
                                parts,
                                0,
                                rank,
                                Chunk.of(rank, ranks, first.floats().remaining()));
                    }
                }
                case ALL_GATHER -> {
                    for (int source = 0; source < ranks; source++) {
                        Chunk chunk = Chunk.of(source, ranks, first.floats().remaining());
                        for (int rank = 0; rank < ranks; rank++) {
                            copy(parts, source, rank, chunk);
                        }
                    }
                }
                case BROADCAST -> {
                    ByteBuffer source = part(parts, first.root()).bytes();
                    for (int rank = 0; rank < ranks; rank++) {
                        if (rank != first.root()) {
                            part(parts, rank).bytes().put(0, source, 0, source.remaining());
                        }
                    }
                }
                case BARRIER -> {}
            }
            parts.values().forEach(part -> part.completion().succeed());
        }

        /** Sums into the first rank's buffer. */
        private void sum(Map<Integer, Part> parts) {
            FloatBuffer target = part(parts, 0).floats();
            FloatSum sum = new FloatSum();
            for (int rank = 1; rank < ranks; rank++) {
                sum.add(target, 0, part(parts, rank).floats(), 0, target.remaining());
            }
        }

        private static void copy(Map<Integer, Part> parts, int source, int target, Chunk chunk) {
            if (source != target) {
                part(parts, target)
                        .floats()
                        .put(chunk.from(), part(parts, source).floats(), chunk.from(), chunk.to() - chunk.from());
            }
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
            return join(Kind.ALL_REDUCE, "all-reduce", buffer);
        }

        @Override
        public PendingOperation reduceScatter(FloatBuffer buffer) {
            return join(Kind.REDUCE_SCATTER, "reduce-scatter", buffer);
        }

        @Override
        public PendingOperation allGather(FloatBuffer buffer) {
            return join(Kind.ALL_GATHER, "all-gather", buffer);
        }

        @Override
        public PendingOperation broadcast(ByteBuffer buffer, int root) {
            Arguments.checkCopyable(buffer, root, group.ranks);
            String name = "broadcast of " + buffer.remaining() + " bytes from rank " + root;
            return join(Kind.BROADCAST, name, root, NO_FLOATS, buffer.slice());
        }

        @Override
        public void barrier() {
            join(Kind.BARRIER, "barrier", 0, NO_FLOATS, NO_BYTES).await();
        }

        @Override
        public Optional<String> loss() {
            return group.loss();
        }

        @Override
        public void close() {
            group.leave(rank);
        }

        private Completion join(Kind kind, String operation, FloatBuffer buffer) {
            Arguments.checkSummable(operation, buffer);
            return join(kind, operation + " of " + buffer.remaining() + " elements", 0, buffer.slice(), NO_BYTES);
        }

        private Completion join(Kind kind, String name, int root, FloatBuffer floats, ByteBuffer bytes) {
            Completion completion =
                    new Completion(name + " (operation " + sequence + ") on rank " + rank, group.timeout);
            group.join(sequence++, rank, new Part(kind, name, root, floats, bytes, completion));
            return completion;
        }
    }
}
