package org.sandglass.ops.device.cuda;

import org.bytedeco.cuda.global.cudart;

/** Which GPU the calling thread's calls are for. Thread-safe: every thread has its own. */
final class CurrentDevice {
    private static final int NONE = -1;
    private static final ThreadLocal<Integer> ORDINAL = ThreadLocal.withInitial(() -> NONE);

    private CurrentDevice() {}

    /** Makes a GPU that of the calling thread, which may have worked with another one before. */
    static void set(Checks checks, int ordinal) {
        if (ORDINAL.get() != ordinal) {
            checks.runtime("cudaSetDevice", cudart.cudaSetDevice(ordinal));
            ORDINAL.set(ordinal);
        }
    }
}
