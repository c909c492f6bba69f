package org.sandglass.job.data;

import java.util.function.LongUnaryOperator;

/** From the id of a sample to its keys in an exchange: where it is used. No two samples share a key. */
interface SampleKeys {

    /** The sample's keys: one, but where workers shuffle on their own. */
    long[] keysOf(long id);

    /** Whether {@code key} is one of the sample's. */
    boolean isAt(long id, long key);

    /** Every sample is used once. */
    static SampleKeys once(LongUnaryOperator keyOf) {
        return new SampleKeys() {
            @Override
            public long[] keysOf(long id) {
                return new long[] {keyOf.applyAsLong(id)};
            }

            @Override
            public boolean isAt(long id, long key) {
                return keyOf.applyAsLong(id) == key;
            }
        };
    }
}
