package org.sandglass.job.train;

import java.io.Serial;
import java.io.Serializable;
import java.util.Comparator;

/**
 * Which state of a run something is. Equal stamps, equal bits; greater stamps are newer.
 *
 * @param iterations of the whole run that led to it
 * @param attempt the number of the stage that last started from or made it: with another number of tasks the same
 *     iterations round differently
 */
record Stamp(long iterations, long attempt) implements Comparable<Stamp>, Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    static final Stamp NONE = new Stamp(-1, -1);

    private static final Comparator<Stamp> ORDER =
            Comparator.comparingLong(Stamp::iterations).thenComparingLong(Stamp::attempt);

    @Override
    public int compareTo(Stamp other) {
        return ORDER.compare(this, other);
    }
}
