package org.sandglass.job.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.sandglass.job.config.CollectiveSettings;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.collective.Algorithm;
import org.sandglass.ops.collective.CollectiveOptions;
import org.sandglass.ops.collective.TcpEndpoint;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the tasks of a stage find each other: one {@code allGather}, about a second, once a stage.
 *
 * <p>Rank is the index of the task. Connections of the stage before are kept if every rank is the same worker as then;
 * otherwise all connect anew. Afterwards every worker holds the state that the stage starts from.
 */
final class Rendezvous {

    private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private Rendezvous() {}

    /** What a task tells the others. */
    record Announcement(String worker, String host, int port, String group, boolean holdsState) {}

    static void meet(BarrierTaskContext context, StageOrder order, Worker worker) {
        try (TcpEndpoint endpoint = TcpEndpoint.open(ownAddress())) {
            Announcement own = new Announcement(
                    worker.id(),
                    ownAddress().getHostAddress(),
                    endpoint.port(),
                    worker.group(),
                    worker.holds(order.epoch()));
            List<Announcement> all = Arrays.stream(context.allGather(write(own)))
                    .map(Rendezvous::read)
                    .toList();
            String group = all.stream().map(Announcement::worker).collect(Collectors.joining(","));
            boolean standing = all.stream().allMatch(member -> member.group().equals(group));
            if (!standing) {
                worker.leaveGroup();
                List<InetSocketAddress> addresses = all.stream()
                        .map(member -> new InetSocketAddress(member.host(), member.port()))
                        .toList();
                CollectiveOptions options = options(worker.recipe().collective(), order.attempt());
                worker.joinGroup(group, endpoint.connect(context.partitionId(), addresses, order.secret(), options));
                LOG.info("Rank {} of {} connected", context.partitionId(), all.size());
            }
            agreeOnState(order, worker, all);
        }
    }

    private static void agreeOnState(StageOrder order, Worker worker, List<Announcement> all) {
        if (all.stream().allMatch(Announcement::holdsState)) {
            return;
        }
        int source = 0;
        while (source < all.size() && !all.get(source).holdsState()) {
            source++;
        }
        if (source < all.size()) {
            WorkerState.broadcast(worker, source);
        } else if (order.checkpoint() != null) {
            WorkerState.restore(worker, order.checkpoint());
        } else {
            WorkerState.initialize(worker);
        }
        worker.declareState(order.epoch());
    }

    private static CollectiveOptions options(CollectiveSettings settings, long attempt) {
        Algorithm algorithm =
                switch (settings.algorithm()) {
                    case RING -> Algorithm.RING;
                    case HALVING_DOUBLING -> Algorithm.HALVING_DOUBLING;
                    case AUTO, HIERARCHICAL -> Algorithm.AUTO;
                };
        return new CollectiveOptions(algorithm, settings.timeout(), attempt);
    }

    private static InetAddress ownAddress() {
        String host = SparkEnv.get().blockManager().blockManagerId().host();
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new JobFailure(
                    org.sandglass.job.failure.ExitCode.CLUSTER,
                    "Cannot find the own address: host " + host
                            + " does not resolve; set SPARK_LOCAL_IP or the host's name service",
                    e);
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
