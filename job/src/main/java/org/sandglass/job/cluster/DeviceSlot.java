package org.sandglass.job.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.resource.ResourceInformation;
import org.sandglass.job.failure.JobFailure;

/**
 * The GPU that Spark gave a task, and the only one that it may use.
 *
 * @param host where the task runs
 * @param address as the discovery script gives it: a UUID ({@code scripts/gpu-discovery.sh}) or a number
 */
public record DeviceSlot(String host, String address) {

    /** The name of the resource in Spark's settings. */
    static final String RESOURCE = "gpu";

    /**
     * The GPU among a task's resources; none where the task has only processors.
     *
     * @param resources as {@code TaskContext.resourcesJMap()} gives them
     * @throws JobFailure (cluster) if the task was given several
     */
    public static Optional<DeviceSlot> of(Map<String, ResourceInformation> resources, String host) {
        ResourceInformation gpus = resources.get(RESOURCE);
        if (gpus == null || gpus.addresses().length == 0) {
            return Optional.empty();
        }
        if (gpus.addresses().length > 1) {
            throw JobFailure.cluster("Cannot compute on " + gpus.addresses().length + " GPUs (" + host + ": "
                    + String.join(", ", gpus.addresses())
                    + "): a task uses one; set spark.task.resource.gpu.amount=1, and run more tasks");
        }
        return Optional.of(new DeviceSlot(host, gpus.addresses()[0]));
    }

    /** What names the physical device: its UUID, or else the host and the number there. */
    public String identity() {
        return isUuid() ? address : host + "/" + address;
    }

    private boolean isUuid() {
        return address.startsWith("GPU-") || address.startsWith("MIG-");
    }

    /**
     * Refuses a gang of which two tasks would compute on one device: each would be half as fast, or out of memory.
     *
     * @param identities of the ranks' devices, in their order; empty for a rank without one
     * @throws JobFailure (cluster) that names the ranks and the device
     */
    public static void refuseShared(List<String> identities) {
        Map<String, Integer> owners = new HashMap<>();
        List<String> shared = new ArrayList<>();
        for (int rank = 0; rank < identities.size(); rank++) {
            String identity = identities.get(rank);
            Integer other = identity.isEmpty() ? null : owners.putIfAbsent(identity, rank);
            if (other != null) {
                shared.add("ranks " + other + " and " + rank + " were both given GPU " + identity);
            }
        }
        if (!shared.isEmpty()) {
            throw JobFailure.cluster("Cannot compute: " + String.join(", ", shared)
                    + ": set spark.task.resource.gpu.amount=1, and let every executor's or worker's discovery script"
                    + " list only GPUs that no other one lists");
        }
    }
}
