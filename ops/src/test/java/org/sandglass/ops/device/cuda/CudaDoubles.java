package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * The tests' side of the CUDA libraries' doubles ({@code src/test/native}), through limits that no real CUDA has. What they
 * find against the rules is counted until the next reset, and told on standard error.
 */
final class CudaDoubles {
    private static final int RESET = 0x5A00;
    private static final int EAGERNESS = RESET + 1;
    private static final int ALLOCATIONS_LEFT = RESET + 2;
    private static final int BYTES = RESET + 3;
    private static final int ALLOCATIONS = RESET + 4;
    private static final int OBJECTS = RESET + 5;
    private static final int BREACHES = RESET + 6;
    private static final int UNEXPECTED = RESET + 7;
    private static final int PENDING = RESET + 8;
    private static final int COLLECTIVES_FAIL = RESET + 9;
    private static final int LAUNCHES_LEFT = RESET + 10;

    /** Set where there is a GPU, for what tests do beside the doubles' own affairs: {@code scripts/gpu-check}. */
    private static final boolean ABSENT = Boolean.getBoolean("sandglass.cuda.real");

    private CudaDoubles() {}

    /**
     * What the doubles keep for the process.
     *
     * @param bytes of memory, on devices and pinned
     * @param blocks of memory that hold them
     * @param objects streams, events, modules, handles, descriptors, communicators
     */
    record Held(long bytes, long blocks, long objects) {}

    static Held held() {
        return new Held(get(BYTES), get(ALLOCATIONS), get(OBJECTS));
    }

    /**
     * Forgets what went wrong.
     *
     * @param seed decides in which order streams run, and threads between barriers
     */
    static void reset(long seed) {
        set(RESET, seed);
        set(EAGERNESS, 8);
    }

    /** Lets queued work run also before somebody waits for it: at one call in so many, or never if 0. */
    static void runEarly(int oneIn) {
        set(EAGERNESS, oneIn);
    }

    /** Lets so many more allocations on the device succeed. */
    static void failAllocationsAfter(int allocations) {
        set(ALLOCATIONS_LEFT, allocations);
    }

    /** Lets so many more kernels be launched; then every call fails until the next reset, as after an illegal address. */
    static void failAfterLaunches(int launches) {
        set(LAUNCHES_LEFT, launches);
    }

    /** Lets NCCL's operations end in an error, until the next reset. */
    static void failCollectives() {
        set(COLLECTIVES_FAIL, 1);
    }

    /** Operations that are queued and have not run. */
    static long pending() {
        return get(PENDING);
    }

    static long breaches() {
        return get(BREACHES);
    }

    static long unexpectedCalls() {
        return get(UNEXPECTED);
    }

    /** That nothing was done against the rules, and nothing is left. */
    static void assertClean() {
        assertThat(breaches())
                .as("breaches of the rules, told on standard error")
                .isZero();
        assertThat(held()).as("what is left").isEqualTo(new Held(0, 0, 0));
    }

    private static void set(int limit, long value) {
        if (ABSENT) {
            return;
        }
        assertThat(cudart.cudaDeviceSetLimit(limit, value))
                .as("this is the double: no test may run on what else there is")
                .isZero();
    }

    private static long get(int limit) {
        if (ABSENT) {
            return 0;
        }
        try (SizeTPointer value = new SizeTPointer(1)) {
            assertThat(cudart.cudaDeviceGetLimit(value, limit)).isZero();
            return value.get();
        }
    }
}
