package org.sandglass.job.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The memory of this process as the kernel counts it: heap, native memory and all. */
final class ProcessMemory {

    private ProcessMemory() {}

    /** The largest resident size so far (VmHWM), or 0 where the kernel doesn't say. */
    static long peakBytes() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
