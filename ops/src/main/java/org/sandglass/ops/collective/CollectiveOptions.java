package org.sandglass.ops.collective;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * What all ranks of a communicator agree on.
 *
 * @param timeout deadline of forming the group and of each operation, positive
 * @param attempt identifies the group among the groups of a run; ranks of another attempt are refused
 * @param segmentBytes the unit of pipelining: what one frame carries at most; a positive multiple of 4
 * @param hosts the host of each rank, by rank, for what is done per host. Empty if there is nothing to be done per
 *     host
 * @param encrypt whether connections are encrypted and authenticated after the handshake (AES-256-GCM); ranks that
 *     differ in it refuse each other
 */
public record CollectiveOptions(
        Algorithm algorithm,
        Duration timeout,
        long attempt,
        int segmentBytes,
        Wire wire,
        List<String> hosts,
        boolean encrypt) {

    /**
     * With its header, what two segments of TCP carry over loopback (65,483 bytes each, by IPv4): any more would travel in a
     * small segment of its own, which costs as much as a large one. Where segments are smaller it makes no difference.
     */
    private static final int DEFAULT_SEGMENT_BYTES = 130_940;

    private static final int MAXIMUM_SEGMENT_BYTES = 64 << 20;

    public CollectiveOptions {
        Objects.requireNonNull(algorithm, "algorithm");
        Objects.requireNonNull(wire, "wire");
        hosts = List.copyOf(hosts);
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("Cannot set up collectives: timeout is not positive: " + timeout);
        }
        if (segmentBytes <= 0 || segmentBytes % Float.BYTES != 0 || segmentBytes > MAXIMUM_SEGMENT_BYTES) {
            throw new IllegalArgumentException("Cannot set up collectives: segmentBytes is no multiple of 4 from 4 to "
                    + MAXIMUM_SEGMENT_BYTES + ": " + segmentBytes);
        }
    }

    public CollectiveOptions(Algorithm algorithm, Duration timeout, long attempt, int segmentBytes) {
        this(algorithm, timeout, attempt, segmentBytes, Wire.F32, List.of(), false);
    }

    public CollectiveOptions(Algorithm algorithm, Duration timeout, long attempt) {
        this(algorithm, timeout, attempt, DEFAULT_SEGMENT_BYTES);
    }

    public CollectiveOptions withAlgorithm(Algorithm changed) {
        return new CollectiveOptions(changed, timeout, attempt, segmentBytes, wire, hosts, encrypt);
    }

    public CollectiveOptions withSegmentBytes(int changed) {
        return new CollectiveOptions(algorithm, timeout, attempt, changed, wire, hosts, encrypt);
    }

    public CollectiveOptions withWire(Wire changed) {
        return new CollectiveOptions(algorithm, timeout, attempt, segmentBytes, changed, hosts, encrypt);
    }

    public CollectiveOptions withHosts(List<String> changed) {
        return new CollectiveOptions(algorithm, timeout, attempt, segmentBytes, wire, changed, encrypt);
    }

    public CollectiveOptions withEncryption(boolean changed) {
        return new CollectiveOptions(algorithm, timeout, attempt, segmentBytes, wire, hosts, changed);
    }
}
