package org.sandglass.job.train;

import java.io.Serial;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * Which states a stage may start from, counted in iterations of the whole run: the newest one from {@code first} to
 * {@code last} that an executor holds or that is stored.
 *
 * @param stored the iteration of the newest state that is stored
 * @param uri where it is stored; none for initial weights
 */
record StateSource(
        long first, long last, long stored, @Nullable String uri) implements Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    /** One state and no other. */
    static StateSource exactly(long iterations, @Nullable String uri) {
        return new StateSource(iterations, iterations, iterations, uri);
    }

    /** One state, which is stored nowhere. */
    static StateSource inMemory(long iterations) {
        return new StateSource(iterations, iterations, Stamp.NONE.iterations(), null);
    }

    /** The newer one of two states among those that will do, or {@link Stamp#NONE}. */
    Stamp newest(Stamp live, Stamp held) {
        Stamp a = fits(live) ? live : Stamp.NONE;
        Stamp b = fits(held) ? held : Stamp.NONE;
        return a.compareTo(b) >= 0 ? a : b;
    }

    private boolean fits(Stamp stamp) {
        return first <= stamp.iterations() && stamp.iterations() <= last;
    }
}
