package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/** An operation that all ranks of a simulation start, of a random kind and size, and what must come of it. */
record SimulatedOperation(Kind kind, int number, int elements, int root) {

    enum Kind {
        RING,
        HALVING_DOUBLING,
        RECURSIVE_DOUBLING,
        BINARY_BLOCKS,
        TREE,
        CHAIN,
        RING_REDUCE_SCATTER,
        RING_ALL_GATHER,
        HALVING_REDUCE_SCATTER,
        DOUBLING_ALL_GATHER
    }

    private static final Duration NEVER = Duration.ofDays(1);

    static SimulatedOperation random(Random random, int number, int ranks) {
        Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
        boolean halves = kind == Kind.HALVING_DOUBLING
                || kind == Kind.RECURSIVE_DOUBLING
                || kind == Kind.HALVING_REDUCE_SCATTER
                || kind == Kind.DOUBLING_ALL_GATHER;
        int elements = random.nextInt(random.nextBoolean() ? 20 : 3000);
        return new SimulatedOperation(
                halves && !HalvingDoubling.supports(ranks) ? Kind.RING : kind, number, elements, random.nextInt(ranks));
    }

    Execution execution(int rank, int ranks, int segmentBytes, ByteBuffer bytes, long now) {
        FloatBuffer floats = bytes.asFloatBuffer();
        for (int i = 0; i < elements; i++) {
            floats.put(i, Buffers.integer(i, rank, number));
        }
        Schedule schedule = Schedule.of(program(rank, ranks), ranks, segmentBytes);
        Completion completion = new Completion(kind + " " + number, NEVER);
        long fingerprint = (long) kind.name().hashCode() << 32 | elements;
        return new Execution(fingerprint, schedule, ranks, new Region(bytes, floats, ranks), completion)
                .begin(number, now, bytes);
    }

    ByteBuffer buffer() {
        return ByteBuffer.allocateDirect(elements * Float.BYTES).order(ByteOrder.nativeOrder());
    }

    /** The first element that is not what it should be, or -1. */
    int wrongElement(int rank, int ranks, ByteBuffer bytes) {
        Chunk own = Chunk.of(rank, ranks, elements);
        boolean scattered = kind == Kind.RING_REDUCE_SCATTER || kind == Kind.HALVING_REDUCE_SCATTER;
        for (int i = scattered ? own.from() : 0; i < (scattered ? own.to() : elements); i++) {
            if (bytes.getFloat(i * Float.BYTES) != expected(i, ranks)) {
                return i;
            }
        }
        return -1;
    }

    private float expected(int element, int ranks) {
        return switch (kind) {
            case TREE, CHAIN -> Buffers.integer(element, root, number);
            case RING_ALL_GATHER, DOUBLING_ALL_GATHER -> {
                int owner = 0;
                while (Chunk.of(owner, ranks, elements).to() <= element) {
                    owner++;
                }
                yield Buffers.integer(element, owner, number);
            }
            default -> {
                float sum = 0;
                for (int rank = 0; rank < ranks; rank++) {
                    sum += Buffers.integer(element, rank, number);
                }
                yield sum;
            }
        };
    }

    private List<Transfer> program(int rank, int ranks) {
        return switch (kind) {
            case RING -> Ring.allReduce(rank, ranks, elements);
            case HALVING_DOUBLING -> HalvingDoubling.allReduce(rank, ranks, elements);
            case RECURSIVE_DOUBLING -> RecursiveDoubling.allReduce(rank, ranks, elements);
            case BINARY_BLOCKS -> BinaryBlocks.allReduce(rank, ranks, elements);
            case TREE -> Broadcast.tree(root, rank, ranks, elements * Float.BYTES);
            case CHAIN -> Broadcast.chain(root, rank, ranks, elements * Float.BYTES);
            case RING_REDUCE_SCATTER -> Ring.reduceScatter(rank, ranks, elements);
            case RING_ALL_GATHER -> Ring.allGather(rank, ranks, elements);
            case HALVING_REDUCE_SCATTER -> HalvingDoubling.reduceScatter(rank, ranks, elements);
            case DOUBLING_ALL_GATHER -> HalvingDoubling.allGather(rank, ranks, elements);
        };
    }
}
