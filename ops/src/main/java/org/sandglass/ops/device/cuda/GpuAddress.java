package org.sandglass.ops.device.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bytedeco.cuda.cudart.CUuuid;
import org.bytedeco.cuda.global.cudart;

/** What schedulers call a GPU: its number among those that the process sees, or its UUID, {@code GPU-…} or {@code MIG-…}. */
final class GpuAddress {
    private static final int UUID_BYTES = 16;

    private GpuAddress() {}

    /**
     * The GPU's number.
     *
     * @throws IllegalArgumentException if no GPU that the process sees has the address, listing those that it sees
     */
    static int ordinal(String address) {
        Checks checks = new Checks("this host's GPUs");
        int[] count = new int[1];
        checks.runtime("cudaGetDeviceCount", cudart.cudaGetDeviceCount(count));
        List<String> seen = new ArrayList<>();
        for (int ordinal = 0; ordinal < count[0]; ordinal++) {
            String uuid = uuid(checks, ordinal);
            if (address.equals(String.valueOf(ordinal))
                    || address.toLowerCase(Locale.ROOT)
                            .replaceFirst("^(gpu|mig)-", "")
                            .equals(uuid)) {
                return ordinal;
            }
            seen.add(ordinal + " (GPU-" + uuid + ")");
        }
        throw new IllegalArgumentException("Cannot open GPU " + address + ": this process sees "
                + String.join(", ", seen) + "; compare CUDA_VISIBLE_DEVICES");
    }

    private static String uuid(Checks checks, int ordinal) {
        int[] device = new int[1];
        checks.driver("cuDeviceGet", cudart.cuDeviceGet(device, ordinal));
        StringBuilder text = new StringBuilder();
        try (CUuuid uuid = new CUuuid()) {
            checks.driver("cuDeviceGetUuid", cudart.cuDeviceGetUuid(uuid, device[0]));
            for (int i = 0; i < UUID_BYTES; i++) {
                text.append(i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "");
                text.append(String.format(Locale.ROOT, "%02x", uuid.bytes(i) & 0xff));
            }
        }
        return text.toString();
    }
}
