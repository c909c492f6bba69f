package org.sandglass.ops.collective;

import java.lang.ref.WeakReference;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what was made to do something with a buffer, so that doing it again takes nothing new. Forgets the oldest of
 * what it has no room for, and keeps no buffers. Belongs to one thread at a time.
 */
final class Recurrences<T> {

    /** Buffers are looked up by their identity's hash, each in a set of a few places. */
    private static final int SETS = 64;

    private static final int PLACES = 4;

    private record Entry<T>(Object kind, WeakReference<FloatBuffer> buffer, int position, int limit, T made) {

        boolean isOf(Object other, FloatBuffer used) {
            return kind.equals(other) && buffer.refersTo(used) && position == used.position() && limit == used.limit();
        }
    }

    private final List<@Nullable Entry<T>> entries = new ArrayList<>(Collections.nCopies(SETS * PLACES, null));
    private int next;

    /** What was made for these elements, if it is remembered. */
    @Nullable
    T find(Object kind, FloatBuffer buffer) {
        int first = firstPlace(buffer);
        for (int place = first; place < first + PLACES; place++) {
            Entry<T> entry = entries.get(place);
            if (entry != null && entry.isOf(kind, buffer)) {
                return entry.made();
            }
        }
        return null;
    }

    /** Remembers it, instead of what was made for the same elements before. */
    void put(Object kind, FloatBuffer buffer, T made) {
        int first = firstPlace(buffer);
        int chosen = first + next++ % PLACES;
        for (int place = first; place < first + PLACES; place++) {
            Entry<T> entry = entries.get(place);
            if (entry == null || entry.buffer().refersTo(null)) {
                chosen = place;
            } else if (entry.isOf(kind, buffer)) {
                chosen = place;
                break;
            }
        }
        entries.set(chosen, new Entry<>(kind, new WeakReference<>(buffer), buffer.position(), buffer.limit(), made));
    }

    private static int firstPlace(FloatBuffer buffer) {
        return (System.identityHashCode(buffer) & SETS - 1) * PLACES;
    }
}
