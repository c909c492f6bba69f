package org.sandglass.ops.device.cpu;

import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.sandglass.ops.device.cpu.NativeFunction.Argument;

/** Asks the system to back large memory with huge pages, where it grants them to those who ask. */
final class HugePages {
    /** Size of a huge page on x86-64, and on other processors with pages of 4 KiB. */
    static final long BYTES = 2L << 20;

    private static final int MADV_HUGEPAGE = 14;
    private static final Optional<NativeFunction> MADVISE =
            System.getProperty("os.name", "").equals("Linux")
                    ? NativeFunction.find("madvise", "memory stays in small pages")
                    : Optional.empty();

    private HugePages() {}

    /** Advises the whole huge pages in a range that nobody has touched yet. */
    static void advise(Pointer start, long bytes) {
        long first = (start.address() + BYTES - 1) / BYTES * BYTES;
        long end = (start.address() + bytes) / BYTES * BYTES;
        if (end > first && MADVISE.isPresent()) {
            MADVISE.get().call(new Argument(first), new Argument(end - first), MADV_HUGEPAGE);
        }
    }
}
