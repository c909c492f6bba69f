package org.sandglass.ops.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Sums over ranks within one process; over sockets see {@code scripts/bench/allreduce}. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AllReduceBenchmark {

    @Param({"2", "4"})
    int ranks = 2;

    @Param({"1024", "1048576"})
    int elements = 1024;

    private List<Communicator> group = List.of();
    private final List<FloatBuffer> buffers = new ArrayList<>();

    @Setup
    public void open() {
        group = InProcess.group(ranks);
        for (int rank = 0; rank < ranks; rank++) {
            buffers.add(ByteBuffer.allocateDirect(elements * Float.BYTES)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer());
        }
    }

    @Benchmark
    public void sum() {
        List<PendingOperation> started = new ArrayList<>(ranks);
        for (int rank = 0; rank < ranks; rank++) {
            started.add(group.get(rank).allReduce(buffers.get(rank)));
        }
        started.forEach(PendingOperation::await);
    }

    @TearDown
    public void close() {
        group.forEach(Communicator::close);
    }
}
