package org.sandglass.ops.collective;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import org.sandglass.ops.device.cpu.CpuDevice;

/**
 * A rank of {@code scripts/bench/allreduce}: a process that sums on command, as its peers in {@code scripts/bench/peers}
 * do. {@code BenchmarkRank DIRECTORY RANK ADDRESS ALGORITHM}.
 *
 * <p>{@code RUN bytes warmup iterations} is answered by {@code TIMES nanoseconds…}.
 */
final class BenchmarkRank {

    private final Communicator communicator;
    /** Where the gradients of training lie too. */
    private final CpuDevice device = CpuDevice.open(1);

    private FloatBuffer memory = FloatBuffer.allocate(0);

    private BenchmarkRank(Communicator communicator) {
        this.communicator = communicator;
    }

    public static void main(String[] arguments) throws IOException {
        try (BenchmarkPipes pipes = BenchmarkPipes.join(
                Path.of(arguments[0]),
                Integer.parseInt(arguments[1]),
                InetAddress.getByName(arguments[2]),
                Algorithm.valueOf(arguments[3]))) {
            BenchmarkRank rank = new BenchmarkRank(pipes.communicator());
            for (List<String> words = pipes.command(); words.get(0).equals("RUN"); words = pipes.command()) {
                StringBuilder answer = new StringBuilder("TIMES");
                for (long nanos : rank.run(
                        Integer.parseInt(words.get(1)),
                        Integer.parseInt(words.get(2)),
                        Integer.parseInt(words.get(3)))) {
                    answer.append(' ').append(nanos);
                }
                pipes.answer(answer.toString());
            }
        }
    }

    private long[] run(int bytes, int warmup, int iterations) {
        if (memory.capacity() < bytes / Float.BYTES) {
            memory = device.allocate(bytes / Float.BYTES).hostView().orElseThrow();
        }
        FloatBuffer buffer = memory.slice(0, bytes / Float.BYTES);
        long[] nanos = new long[iterations];
        for (int i = -warmup; i < iterations; i++) {
            fill(buffer, communicator.rank() + 1);
            communicator.barrier();
            long start = System.nanoTime();
            communicator.allReduce(buffer).await();
            long took = System.nanoTime() - start;
            if (i >= 0) {
                nanos[i] = took;
            }
        }
        check(buffer);
        return nanos;
    }

    private void check(FloatBuffer buffer) {
        float sum = communicator.worldSize() * (communicator.worldSize() + 1) / 2f;
        for (int i = 0; i < buffer.remaining(); i++) {
            if (buffer.get(i) != sum) {
                throw new IllegalStateException("Wrong sum at element " + i + ": " + buffer.get(i) + ", not " + sum);
            }
        }
    }

    private static void fill(FloatBuffer buffer, float value) {
        for (int i = 0; i < buffer.remaining(); i++) {
            buffer.put(i, value);
        }
    }
}
