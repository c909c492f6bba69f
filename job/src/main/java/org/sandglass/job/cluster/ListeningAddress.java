package org.sandglass.job.cluster;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.collective.LocalAddress;

/** Where a task listens for the others of its gang. */
public final class ListeningAddress {

    private ListeningAddress() {}

    /**
     * The address of the recipe's interface or network on this host, or else the one that the host's name stands for.
     *
     * @param networkInterface {@code collective.interface}
     * @param host this host, as Spark calls it
     * @throws JobFailure (cluster) if there is no such address
     */
    public static InetAddress of(Optional<String> networkInterface, String host) {
        if (networkInterface.isPresent()) {
            try {
                return LocalAddress.on(networkInterface.get());
            } catch (IllegalArgumentException e) {
                throw new JobFailure(
                        ExitCode.CLUSTER, "Cannot listen for other tasks: collective.interface: " + e.getMessage(), e);
            }
        }
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new JobFailure(
                    ExitCode.CLUSTER,
                    "Cannot find the own address: host " + host + " does not resolve; set collective.interface,"
                            + " SPARK_LOCAL_IP or the host's name service",
                    e);
        }
    }
}
