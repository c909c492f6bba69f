package org.sandglass.job.config;

import java.time.Duration;
import java.util.Optional;
import org.sandglass.ops.tensor.DataType;

/**
 * How gradients are summed.
 *
 * @param inter of GPUs: what sums over hosts
 * @param group which tasks share a host, as far as sums are concerned
 * @param bucketBytes gradients are handed over in buckets of about this size
 * @param overlap whether buckets travel while backward goes on (Goyal et al., section 4)
 * @param wire the type of a gradient's elements on the network
 * @param networkInterface where tasks listen for each other: an interface's name or a network in CIDR notation; empty for
 *     the address that Spark uses
 * @param timeout the deadline of every wait for a peer
 */
public record CollectiveSettings(
        Algorithm algorithm,
        Inter inter,
        Group group,
        long bucketBytes,
        boolean overlap,
        DataType wire,
        Optional<String> networkInterface,
        Duration timeout,
        Encryption encrypt) {

    /** The all-reduce algorithm; {@code AUTO} picks one for the number of ranks and the bucket's size. */
    public enum Algorithm {
        AUTO,
        RING,
        HALVING_DOUBLING,
        HIERARCHICAL
    }

    /**
     * What sums over hosts, of which each has summed over its GPUs: NCCL, or one of our algorithms over TCP; {@code AUTO}: NCCL,
     * unless connections are encrypted or the wire rounds, which NCCL does not do.
     */
    public enum Inter {
        AUTO,
        NCCL,
        RING,
        HALVING_DOUBLING
    }

    /** Tasks that sum among themselves first: of one host, or of one executor, where executors are containers of their own. */
    public enum Group {
        HOST,
        EXECUTOR
    }

    /** Whether the ranks' connections are encrypted; {@code AUTO} does as Spark does. */
    public enum Encryption {
        AUTO,
        TRUE,
        FALSE
    }
}
