package org.sandglass.ops.collective;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The operations that a rank has started and not completed, in the order of their sequence numbers. */
interface Operations {

    /** Nothing in flight. */
    Operations NONE = new Operations() {
        @Override
        public long started() {
            return 0;
        }

        @Override
        public @Nullable Execution find(long sequence) {
            return null;
        }

        @Override
        public List<Execution> active() {
            return List.of();
        }
    };

    /** Number of operations started so far, and so the next one's sequence number. */
    long started();

    @Nullable
    Execution find(long sequence);

    List<Execution> active();
}
