package org.sandglass.job.train;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.sandglass.job.data.AuditReport;
import org.sandglass.ops.collective.Communicator;

/**
 * Adds up the audits of all ranks by an all-reduce of floats: each byte of each number is an element, so that sums are
 * exact up to 65,793 ranks.
 */
final class AuditSum {

    private static final int NUMBERS = 5;

    private AuditSum() {}

    /** The sum of every rank's {@code own}, at every rank; every rank takes part. */
    static AuditReport over(Communicator communicator, AuditReport own) {
        FloatBuffer elements = ByteBuffer.allocateDirect(NUMBERS * Long.BYTES * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        long[] numbers = {own.samples(), own.distinct(), own.skipped(), own.checksumHigh(), own.checksumLow()};
        for (int i = 0; i < elements.capacity(); i++) {
            elements.put(i, (int) (numbers[i / Long.BYTES] >>> shift(i)) & 0xff);
        }
        communicator.allReduce(elements).await();
        long[] sums = new long[NUMBERS];
        for (int i = 0; i < elements.capacity(); i++) {
            sums[i / Long.BYTES] += (long) elements.get(i) << shift(i);
        }
        return new AuditReport(sums[0], sums[1], sums[2], sums[3], sums[4]);
    }

    private static int shift(int element) {
        return element % Long.BYTES * Byte.SIZE;
    }
}
