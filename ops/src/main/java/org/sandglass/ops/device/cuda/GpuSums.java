package org.sandglass.ops.device.cuda;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.HostLayout;
import org.sandglass.ops.collective.InProcess;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.collective.PendingOperation;
import org.sandglass.ops.device.DeviceBuffer;
import org.sandglass.ops.device.HostMirror;

/**
 * A GPU's part in sums over all ranks, of which each has a GPU of its own: NCCL reduces within a host to its leader, leaders sum
 * over hosts, by NCCL or from pinned memory by a communicator of theirs, and NCCL broadcasts within the host. Over one host it is
 * one all-reduce from device to device. Source: Goyal et al., section 4.
 *
 * <p>All ranks join at the same time and sum the same ranges in the same order. Once a peer is lost, or the group of all ranks is
 * closed, every wait for the device fails with a {@link PeerFailure}, and the sums are only good for closing, after which the
 * device can join others. Belongs to the device's thread.
 */
public final class GpuSums implements AutoCloseable {
    private final CudaDevice device;
    private final Communicator all;
    private final HostLayout layout;
    private final boolean leads;
    private final Between between;
    private final Communicator overHosts;
    private final Duration timeout;
    private @Nullable GpuGroup withinHost;
    private @Nullable GpuGroup betweenHosts;

    /** Who sums over hosts. */
    private enum Between {
        NOBODY,
        NCCL,
        LEADERS
    }

    private GpuSums(
            CudaDevice device, HostLayout layout, Communicator all, @Nullable Communicator leaders, Duration timeout) {
        this.device = device;
        this.layout = layout;
        this.all = all;
        this.timeout = timeout;
        leads = layout.leader(layout.host(all.rank())) == all.rank();
        if (layout.count() == 1) {
            between = Between.NOBODY;
        } else {
            between = leaders == null ? Between.NCCL : Between.LEADERS;
        }
        overHosts = leaders != null && between == Between.LEADERS && leads ? leaders : InProcess.single();
    }

    /** Why GPUs cannot sum among themselves, and what to do; empty if they can. Thread-safe. */
    public static Optional<String> refusal() {
        return CudaDevice.refusal().or(CudaLibraries::ncclRefusal);
    }

    /**
     * Joins with the other ranks.
     *
     * @param layout which ranks share a host
     * @param all a group of all ranks, by which they find each other; if it fails, so do the sums
     * @param leaders the hosts' leaders' group, by which they sum over hosts; whatever a rank has that leads none; null, at all
     *     ranks, to sum by NCCL
     * @param timeout for joining, and for every sum to make progress
     * @throws PeerFailure if not all others come in time
     * @throws UnsupportedOperationException without NCCL
     */
    public static GpuSums join(
            CudaDevice device, HostLayout layout, Communicator all, @Nullable Communicator leaders, Duration timeout) {
        refusal().ifPresent(reason -> {
            throw new UnsupportedOperationException("Cannot sum between GPUs: " + reason);
        });
        GpuSums sums = new GpuSums(device, layout, all, leaders, timeout);
        try {
            sums.form();
        } catch (RuntimeException | Error e) {
            sums.close();
            throw e;
        }
        return sums;
    }

    /** A group a host, and one of all leaders, where that is NCCL's matter. */
    private void form() {
        List<List<Integer>> groups = new ArrayList<>();
        for (int host = 0; host < layout.count(); host++) {
            groups.add(layout.members(host));
        }
        if (between == Between.NCCL) {
            groups.add(groups.stream().map(members -> members.get(0)).toList());
        }
        List<byte[]> identities = shareIdentities(groups);
        int host = layout.host(all.rank());
        withinHost = join(groups.get(host), identities.get(host));
        if (between == Between.NCCL && leads) {
            betweenHosts = join(groups.get(layout.count()), identities.get(layout.count()));
        }
    }

    private @Nullable GpuGroup join(List<Integer> members, byte[] identity) {
        return members.size() == 1
                ? null
                : GpuGroup.join(
                        device.gpu(), identity, members.indexOf(all.rank()), members.size(), timeout, all::loss);
    }

    /** Every group's first member makes the group's identity and tells all. */
    private List<byte[]> shareIdentities(List<List<Integer>> groups) {
        List<ByteBuffer> identities = new ArrayList<>();
        List<PendingOperation> told = new ArrayList<>();
        for (List<Integer> members : groups) {
            ByteBuffer identity = ByteBuffer.allocateDirect(GpuGroup.IDENTITY_BYTES);
            identities.add(identity);
            if (members.size() > 1) {
                if (members.get(0) == all.rank()) {
                    identity.put(0, GpuGroup.newIdentity());
                }
                told.add(all.broadcast(identity, members.get(0)));
            }
        }
        told.forEach(PendingOperation::await);
        return identities.stream().map(GpuSums::bytes).toList();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.capacity()];
        buffer.get(0, bytes);
        return bytes;
    }

    /** The mirror of a vector that is summed: between a range's fetching and storing {@link #overHosts} sums it. */
    public HostMirror mirror(DeviceBuffer vector) {
        return device.mirror(vector, new Phases());
    }

    /** What sums a range of a mirror between fetching and storing it; a group of one where there is nothing to do. */
    public Communicator overHosts() {
        return overHosts;
    }

    /** Whether ranges go through the memory of some hosts, so that pieces of them can be on the way at the same time. */
    public boolean passHosts() {
        return between == Between.LEADERS;
    }

    private List<GpuGroup> groups() {
        return Stream.of(Optional.ofNullable(betweenHosts), Optional.ofNullable(withinHost))
                .flatMap(Optional::stream)
                .toList();
    }

    /** Leaves all groups, in order if nothing is under way; every rank does. Afterwards the device is as good as before. */
    @Override
    public void close() {
        groups().forEach(GpuGroup::close);
        betweenHosts = null;
        withinHost = null;
        device.gpu().enter();
        device.gpu().streams().mend();
    }

    /** The three phases, in which the second may be the host's. */
    private final class Phases implements RangeSum {
        @Override
        public void gather(Pointer range, long elements) {
            GpuGroup host = withinHost;
            GpuGroup hosts = betweenHosts;
            if (host != null) {
                if (between == Between.NOBODY) {
                    host.allReduce(range, elements);
                } else {
                    host.reduceToLeader(range, elements);
                }
            }
            if (hosts != null) {
                hosts.allReduce(range, elements);
            }
            if (host != null && between == Between.NCCL) {
                host.broadcastFromLeader(range, elements);
            }
        }

        @Override
        public boolean onHost() {
            return between == Between.LEADERS && leads;
        }

        @Override
        public void spread(Pointer range, long elements) {
            GpuGroup host = withinHost;
            if (host != null && between == Between.LEADERS) {
                host.broadcastFromLeader(range, elements);
            }
        }
    }
}
