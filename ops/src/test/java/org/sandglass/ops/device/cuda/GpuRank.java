package org.sandglass.ops.device.cuda;

import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.HostMirror;

/**
 * A rank of a group of GPUs that sums over and over; as a program, two ranks in one process, told the group's identity and how
 * many ranks there are.
 */
final class GpuRank {
    static final int ELEMENTS = 10_000;
    static final int SUMS = 40;

    private GpuRank() {}

    public static void main(String[] arguments) throws Exception {
        byte[] identity = HexFormat.of().parseHex(arguments[0]);
        int ranks = Integer.parseInt(arguments[1]);
        System.out.println("READY");
        Ranks.together(2, thread -> {
            run(identity, ranks - 2 + thread, ranks, Duration.ofSeconds(60), () -> System.out.println("SUM"));
            return true;
        });
    }

    /**
     * Sums what is rank + number of the sum at every element, so many times, and checks it.
     *
     * @param after what to do after each sum
     */
    static void run(byte[] identity, int rank, int ranks, Duration timeout, Runnable after) {
        try (CudaDevice device = CudaDevice.open(rank, CudaOptions.DEFAULT);
                DeviceBuffer vector = device.allocate(ELEMENTS);
                GpuGroup group = GpuGroup.join(device.gpu(), identity, rank, ranks, timeout, Optional::empty);
                HostMirror mirror = device.mirror(vector, summing(group))) {
            FloatBuffer floats = FloatBuffer.allocate(ELEMENTS);
            for (int sum = 0; sum < SUMS; sum++) {
                for (int i = 0; i < ELEMENTS; i++) {
                    floats.put(i, rank + sum + i % 3);
                }
                vector.upload(0, floats);
                mirror.fetch(0, ELEMENTS);
                mirror.store(0, ELEMENTS);
                vector.download(0, floats);
                for (int i = 0; i < ELEMENTS; i++) {
                    int expected = ranks * (ranks - 1) / 2 + ranks * (sum + i % 3);
                    if (floats.get(i) != expected) {
                        throw new AssertionError("rank " + rank + ", sum " + sum + ", element " + i + ": "
                                + floats.get(i) + " instead of " + expected);
                    }
                }
                after.run();
            }
        }
    }

    private static RangeSum summing(GpuGroup group) {
        return new RangeSum() {
            @Override
            public void gather(Pointer range, long elements) {
                group.allReduce(range, elements);
            }

            @Override
            public boolean onHost() {
                return false;
            }

            @Override
            public void spread(Pointer range, long elements) {}
        };
    }
}
