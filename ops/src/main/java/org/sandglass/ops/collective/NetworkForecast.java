package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * When all-reduces will be done on a network that need not exist: a discrete-event simulation of the very programs that a
 * {@link Communicator} follows, frame by frame. Every rank has a link with a rate in each direction, which all of its
 * connections share, and an engine that sends frames and adds up those that come, one at a time.
 *
 * <p>Frames to one peer keep the order of the operations, and of an operation's list; peers take turns. Ranks are alike and
 * start an operation at the same moment. Not modelled: a switch that is too slow for its links, loss, and congestion control.
 * Immutable.
 *
 * @param bytesPerSecond what a link carries in each direction, without headers
 * @param latencySeconds from one rank to another
 * @param engineBytesPerSecond what an engine sends, or receives and adds; infinite if the link is what limits
 * @param frameSeconds an engine's work on a frame, whatever its size
 * @param frameBytes the most that a frame carries
 */
public record NetworkForecast(
        double bytesPerSecond,
        double latencySeconds,
        double engineBytesPerSecond,
        double frameSeconds,
        int frameBytes) {

    /** A sum of {@code elements} floats that all ranks start at {@code start}, in seconds. */
    public record Sum(int elements, double start) {}

    /** @throws IllegalArgumentException if a rate is not positive, or a time negative */
    public NetworkForecast {
        if (!(bytesPerSecond > 0) || !(engineBytesPerSecond > 0) || frameBytes < Float.BYTES) {
            throw new IllegalArgumentException("Cannot forecast: bytesPerSecond=" + bytesPerSecond
                    + " engineBytesPerSecond=" + engineBytesPerSecond + " frameBytes=" + frameBytes);
        }
        if (!(latencySeconds >= 0) || !(frameSeconds >= 0)) {
            throw new IllegalArgumentException(
                    "Cannot forecast: latencySeconds=" + latencySeconds + " frameSeconds=" + frameSeconds);
        }
    }

    /**
     * When each sum is complete at all ranks, in seconds.
     *
     * @param sums in the order in which ranks start them
     */
    public double[] completions(Algorithm algorithm, int ranks, List<Sum> sums) {
        if (ranks == 1) {
            return sums.stream().mapToDouble(Sum::start).toArray();
        }
        return new Simulation(algorithm, ranks, sums).run();
    }

    private enum What {
        START,
        SENT,
        ARRIVED,
        ADDED
    }

    /** Something that happens at a rank. {@code order} keeps simultaneous events in the order in which they were foreseen. */
    private record Event(double at, long order, What what, int rank, Frame frame) {}

    /** A frame on its way: number {@code index} from one rank to another. */
    private record Frame(int sum, int from, int to, Slot sent) {}

    /** What has happened to a rank's buffers, and what its link and its engine are busy with. */
    private static final class Rank {
        final List<List<Lane>> sends = new ArrayList<>();
        final List<List<Lane>> receives = new ArrayList<>();
        final List<int[]> cells = new ArrayList<>();
        int turn;
        boolean sending;
        double ingressFree;
        double engineFree;
    }

    /** The frames of one sum with one peer in one direction, in order. */
    private static final class Lane {
        final int sum;
        final List<Slot> slots;
        int next;
        int arrived;

        Lane(int sum, List<Slot> slots) {
            this.sum = sum;
            this.slots = slots;
        }

        boolean isDone() {
            return next == slots.size();
        }
    }

    private final class Simulation {

        private final List<Sum> sums;
        private final Rank[] ranks;
        private final PriorityQueue<Event> events =
                new PriorityQueue<>(Comparator.comparingDouble(Event::at).thenComparingLong(Event::order));
        private final double[] completions;
        private final boolean[] started;
        private long order;

        Simulation(Algorithm algorithm, int count, List<Sum> sums) {
            this.sums = sums;
            this.completions = sums.stream().mapToDouble(Sum::start).toArray();
            this.started = new boolean[sums.size()];
            this.ranks = new Rank[count];
            Arrays.setAll(ranks, rank -> new Rank());
            for (int rank = 0; rank < count; rank++) {
                prepare(algorithm, rank, count);
            }
        }

        private void prepare(Algorithm algorithm, int rank, int count) {
            for (int peer = 0; peer < count; peer++) {
                ranks[rank].sends.add(new ArrayList<>());
                ranks[rank].receives.add(new ArrayList<>());
            }
            for (int sum = 0; sum < sums.size(); sum++) {
                List<Transfer> program = AllReduceProgram.of(
                        algorithm, rank, count, sums.get(sum).elements());
                Schedule schedule = Schedule.of(program, count, frameBytes / Float.BYTES * Float.BYTES);
                ranks[rank].cells.add(new int[schedule.cells()]);
                for (int peer = 0; peer < count; peer++) {
                    if (!schedule.sends(peer).isEmpty()) {
                        ranks[rank].sends.get(peer).add(new Lane(sum, schedule.sends(peer)));
                    }
                    if (!schedule.receives(peer).isEmpty()) {
                        ranks[rank].receives.get(peer).add(new Lane(sum, schedule.receives(peer)));
                    }
                }
            }
        }

        double[] run() {
            for (int sum = 0; sum < sums.size(); sum++) {
                happen(sums.get(sum).start(), What.START, 0, new Frame(sum, 0, 0, NOTHING));
            }
            for (Event event = events.poll(); event != null; event = events.poll()) {
                switch (event.what()) {
                    case START -> start(event);
                    case SENT -> sent(event);
                    case ARRIVED -> arrived(event);
                    case ADDED -> added(event);
                }
            }
            boolean open = Arrays.stream(ranks)
                    .flatMap(rank -> rank.receives.stream())
                    .flatMap(List::stream)
                    .anyMatch(lane -> !lane.isDone());
            if (open) {
                throw new IllegalStateException("Cannot forecast: the programs wait for each other");
            }
            return completions;
        }

        private void start(Event event) {
            started[event.frame().sum()] = true;
            for (int rank = 0; rank < ranks.length; rank++) {
                send(rank, event.at());
                for (int peer = 0; peer < ranks.length; peer++) {
                    receive(rank, peer, event.at());
                }
            }
        }

        /** Sends the next frame that may go, if the link is free. */
        private void send(int number, double now) {
            Rank rank = ranks[number];
            for (int i = 0; i < ranks.length && !rank.sending; i++) {
                int peer = (rank.turn + i) % ranks.length;
                Lane lane = first(rank.sends.get(peer));
                if (lane == null || !started[lane.sum]) {
                    continue;
                }
                Slot slot = lane.slots.get(lane.next);
                if (slot.ready(rank.cells.get(lane.sum))) {
                    lane.next++;
                    rank.turn = peer + 1;
                    rank.sending = true;
                    double begin = Math.max(now, rank.engineFree) + frameSeconds;
                    rank.engineFree = begin + slot.length() / engineBytesPerSecond;
                    double end = Math.max(begin + slot.length() / bytesPerSecond, rank.engineFree);
                    Frame frame = new Frame(lane.sum, number, peer, slot);
                    happen(end, What.SENT, number, frame);
                    Rank receiver = ranks[peer];
                    // Its first byte may come while the last one of the frame before is still coming in.
                    receiver.ingressFree =
                            Math.max(end + latencySeconds, receiver.ingressFree + slot.length() / bytesPerSecond);
                    happen(receiver.ingressFree, What.ARRIVED, peer, frame);
                }
            }
        }

        private void sent(Event event) {
            Rank rank = ranks[event.rank()];
            rank.sending = false;
            finish(event);
        }

        private void arrived(Event event) {
            List<Lane> lanes = ranks[event.rank()].receives.get(event.frame().from());
            for (Lane lane : lanes) {
                if (lane.sum == event.frame().sum()) {
                    lane.arrived++;
                }
            }
            receive(event.rank(), event.frame().from(), event.at());
        }

        /** Lets the engine take what has arrived from a peer and may be added. */
        private void receive(int number, int peer, double now) {
            Rank rank = ranks[number];
            Lane lane = first(rank.receives.get(peer));
            if (lane == null || !started[lane.sum] || lane.next >= lane.arrived) {
                return;
            }
            Slot slot = lane.slots.get(lane.next);
            if (slot.ready(rank.cells.get(lane.sum))) {
                lane.next++;
                rank.engineFree = Math.max(now, rank.engineFree) + frameSeconds + slot.length() / engineBytesPerSecond;
                happen(rank.engineFree, What.ADDED, number, new Frame(lane.sum, peer, number, slot));
            }
        }

        private void added(Event event) {
            finish(event);
        }

        /** Counts a transfer, and lets go what waited for it. */
        private void finish(Event event) {
            int sum = event.frame().sum();
            completions[sum] = Math.max(completions[sum], event.at());
            event.frame().sent().done(ranks[event.rank()].cells.get(sum));
            send(event.rank(), event.at());
            for (int peer = 0; peer < ranks.length; peer++) {
                receive(event.rank(), peer, event.at());
            }
        }

        private static @Nullable Lane first(List<Lane> lanes) {
            for (Lane lane : lanes) {
                if (!lane.isDone()) {
                    return lane;
                }
            }
            return null;
        }

        private void happen(double at, What what, int rank, Frame frame) {
            events.add(new Event(at, order++, what, rank, frame));
        }
    }

    private static final Slot NOTHING = new Slot(0, 0, false, 0, new int[0]);

    /** The time of a single sum. */
    public double seconds(Algorithm algorithm, int ranks, int elements) {
        return DoubleStream.of(completions(algorithm, ranks, List.of(new Sum(elements, 0))))
                .max()
                .orElseThrow();
    }
}
