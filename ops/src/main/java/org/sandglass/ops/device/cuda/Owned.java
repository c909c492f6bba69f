package org.sandglass.ops.device.cuda;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Resources that live and die together; closed last made first, each of them whatever happens to the others. */
final class Owned implements AutoCloseable {
    private final Deque<Release> releases = new ArrayDeque<>();

    /** What gives a resource back. */
    @FunctionalInterface
    interface Release {
        void run();
    }

    <T extends AutoCloseable> T add(T resource, Release release) {
        releases.push(release);
        return resource;
    }

    /** @throws RuntimeException the first failure, once all have been closed; the others are suppressed in it */
    @Override
    public void close() {
        @Nullable RuntimeException first = null;
        while (!releases.isEmpty()) {
            try {
                releases.pop().run();
            } catch (RuntimeException e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
