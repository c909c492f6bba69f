package org.sandglass.ops.device.cuda;

import java.util.List;

/**
 * Computes under all seeds of {@link EventWaitsTest}, as a program of which {@link WaitMutantsTest} has changed a class: ends with
 * 0 if it notices nothing. Told the hash of the results as they should be.
 */
final class WaitMutant {
    static final int NOTICED = 7;

    private WaitMutant() {}

    public static void main(String[] arguments) {
        int expected = Integer.parseInt(arguments[0]);
        for (long seed = 1; seed <= EventWaitsTest.SEEDS; seed++) {
            if (differs(seed, expected)) {
                System.exit(NOTICED);
            }
        }
    }

    private static boolean differs(long seed, int expected) {
        try {
            List<Float> results = EventWaitsTest.resultsOf(seed, null);
            CudaDoubles.assertClean();
            return results.hashCode() != expected;
        } catch (CudaFailure | AssertionError e) {
            return true;
        }
    }
}
