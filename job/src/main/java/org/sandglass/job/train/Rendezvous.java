package org.sandglass.job.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetAddress;
import java.util.Collections;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.DeviceSlot;
import org.sandglass.job.cluster.ListeningAddress;
import org.sandglass.job.config.CollectiveSettings;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.collective.PeerFailure;
import org.sandglass.ops.collective.TcpEndpoint;
import org.sandglass.ops.device.cuda.CudaDevice;
import org.sandglass.ops.device.cuda.GpuSums;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the tasks of a stage find each other: one gathering, once a stage.
 *
 * <p>Rank is the index of the task. Connections of the stage before are kept if every rank is the same worker as then;
 * otherwise all connect anew. Afterwards every worker holds the state that the stage starts from.
 */
final class Rendezvous {

    private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private Rendezvous() {}

    /** What a task tells the others. */
    record Announcement(
            String worker,
            String executor,
            String host,
            String problem,
            String address,
            int port,
            String group,
            Stamp live,
            Stamp held,
            String device,
            String ncclRefusal) {}

    /**
     * Takes part for a task that has no worker, so that every task of the stage ends with its reason at once. Whoever left
     * without a word would leave the others waiting, until {@code spark.barrier.sync.timeout}.
     */
    static void refuse(BarrierTaskContext context, StageOrder order, String problem) {
        Announcement own = new Announcement(
                "",
                SparkEnv.get().executorId(),
                SparkEnv.get().blockManager().blockManagerId().host(),
                problem,
                "",
                0,
                "",
                Stamp.NONE,
                Stamp.NONE,
                "",
                "");
        gather(context, order, own);
    }

    static void meet(BarrierTaskContext context, StageOrder order, Worker worker) {
        CollectiveSettings settings = worker.recipe().collective();
        String host = SparkEnv.get().blockManager().blockManagerId().host();
        InetAddress address = InetAddress.getLoopbackAddress();
        String problem = "";
        try {
            address = ListeningAddress.of(settings.networkInterface(), host);
        } catch (JobFailure e) {
            problem = String.valueOf(e.getMessage());
        }
        try (TcpEndpoint endpoint = TcpEndpoint.open(address)) {
            Announcement own = new Announcement(
                    worker.id(),
                    SparkEnv.get().executorId(),
                    host,
                    problem,
                    address.getHostAddress(),
                    endpoint.port(),
                    worker.group(),
                    worker.stamp(),
                    worker.snapshot().stamp(),
                    worker.slot().map(DeviceSlot::identity).orElse(""),
                    worker.device() instanceof CudaDevice ? GpuSums.refusal().orElse("") : "");
            List<Announcement> all = gather(context, order, own);
            refuseProblems(all);
            DeviceSlot.refuseShared(all.stream().map(Announcement::device).toList());
            String group = all.stream().map(Announcement::worker).collect(Collectors.joining(","));
            boolean standing = all.stream().allMatch(member -> member.group().equals(group));
            if (!standing) {
                worker.leaveGroup();
                worker.joinGroup(group, Peers.connect(worker, endpoint, order, context.partitionId(), all));
            }
            if (context.partitionId() == 0 && order.attempt() == StageOrder.FIRST_ATTEMPT) {
                worker.reasonForProcessor().ifPresent(ProgressPlugin::tell);
            }
            worker.keepSnapshots(keepers(all).contains(context.partitionId()));
            agreeOnState(order, worker, all);
        }
    }

    private static List<Announcement> gather(BarrierTaskContext context, StageOrder order, Announcement own) {
        String stage = order.run() + "-" + order.attempt();
        return GatheringPlugin.gather(context, stage, write(own)).stream()
                .map(Rendezvous::read)
                .toList();
    }

    /** Rank 0, and the lowest rank on another host, or at least in another executor. */
    static List<Integer> keepers(List<Announcement> all) {
        Announcement first = all.get(0);
        return Stream.<Predicate<Announcement>>of(
                        other -> !other.host().equals(first.host()),
                        other -> !other.executor().equals(first.executor()))
                .flatMap(apart -> all.stream().filter(apart).limit(1))
                .findFirst()
                .map(second -> List.of(0, all.indexOf(second)))
                .orElse(List.of(0));
    }

    /** The newest state that will do becomes that of every rank; none, if there is none. */
    private static void agreeOnState(StageOrder order, Worker worker, List<Announcement> all) {
        StateSource source = order.source();
        List<Stamp> newest = all.stream()
                .map(member -> source.newest(member.live(), member.held()))
                .toList();
        Stamp best = Collections.max(newest);
        if (best.equals(Stamp.NONE) && source.stored() == Stamp.NONE.iterations()) {
            worker.invalidateState();
            return;
        }
        boolean stored = best.iterations() < source.stored();
        Stamp agreed = new Stamp(stored ? source.stored() : best.iterations(), order.attempt());
        if (!stored && all.stream().allMatch(member -> member.live().equals(best))) {
            worker.declareState(agreed, worker.progress());
            return;
        }
        EpochProgress progress;
        if (stored) {
            worker.invalidateState();
            progress = load(worker, source.uri());
        } else {
            progress = WorkerState.share(worker, newest.indexOf(best), best);
        }
        worker.declareState(agreed, progress);
        String origin = stored ? String.valueOf(source.uri()) : "the memory of rank " + newest.indexOf(best);
        LOG.info(
                "Rank {} has the state after iteration {} from {}",
                worker.communicator().rank(),
                agreed.iterations(),
                origin);
        if (worker.communicator().rank() == 0 && agreed.iterations() > source.first()) {
            ProgressPlugin.tell("Going on %d iterations into the epoch, with the state from %s"
                    .formatted(agreed.iterations() - source.first(), origin));
        }
    }

    /** A file that the driver has just read may be out of reach for a moment: then the stage is tried again. */
    private static EpochProgress load(Worker worker, @Nullable String uri) {
        try {
            return WorkerState.load(worker, uri);
        } catch (JobFailure e) {
            throw new PeerFailure(String.valueOf(e.getMessage()), e);
        }
    }

    private static void refuseProblems(List<Announcement> all) {
        for (Announcement member : all) {
            if (!member.problem().isEmpty()) {
                throw new JobFailure(ExitCode.CLUSTER, "Host " + member.host() + ": " + member.problem());
            }
        }
    }

    private static String write(Announcement announcement) {
        try {
            return JSON.writeValueAsString(announcement);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot write an announcement", e);
        }
    }

    private static Announcement read(String json) {
        try {
            return JSON.readValue(json, Announcement.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("Cannot read an announcement: " + json, e);
        }
    }
}
