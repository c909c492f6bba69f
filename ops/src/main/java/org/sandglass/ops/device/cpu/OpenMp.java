package org.sandglass.ops.device.cpu;

import java.util.Optional;
import org.sandglass.ops.device.cpu.NativeFunction.Argument;

/**
 * A bound on how many OpenMP threads oneDNN uses for what the calling thread asks of it.
 *
 * <p>OpenMP keeps that number per calling thread, so a device sets it on every entry. Where {@code omp_set_num_threads} cannot
 * be called, {@code OMP_NUM_THREADS} rules. Thread-safe.
 */
final class OpenMp {
    private static final Optional<NativeFunction> SET_THREADS =
            NativeFunction.find("omp_set_num_threads", "OMP_NUM_THREADS rules");

    private final int threads;
    private final Argument argument;

    /** @param threads 0 leaves OpenMP's own choice alone */
    OpenMp(int threads) {
        this.threads = threads;
        argument = new Argument(threads);
    }

    /** Bounds the calling thread's parallel regions. */
    void limit() {
        if (threads > 0 && SET_THREADS.isPresent()) {
            SET_THREADS.get().call(argument, Argument.NONE, 0);
        }
    }

    /** Whether {@link #limit} has any effect. */
    boolean isLimited() {
        return threads > 0 && SET_THREADS.isPresent();
    }
}
