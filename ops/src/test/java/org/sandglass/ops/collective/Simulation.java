package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Engines on a simulated network in simulated time, where everything follows from a seed: sizes, delays, portions, slow
 * ranks, and what goes wrong.
 *
 * <p>Every operation must end at every rank, within its timeout and a second: completed exactly, or failed with a culprit
 * that is one. What a rank has completed before it closed completes everywhere, if nothing else goes wrong.
 */
final class Simulation {

    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;
    /** Shorter than a rank that has left lets its peers read what it has said. */
    private static final long SHORT = 1500 * MILLI;

    private static final int STEPS = 1_000_000;

    /** What goes wrong, and when. */
    enum Trouble {
        NONE,
        SLOW,
        SHORT_FREEZE,
        LEAVE,
        KILL,
        FREEZE,
        VANISH,
        BREAK,
        SILENCE
    }

    final Trouble trouble;

    private final long seed;
    private final SimulatedTime time = new SimulatedTime();
    private final int ranks;
    private final long timeout;
    private final List<SimulatedRank> group = new ArrayList<>();
    private final List<SimulatedOperation> operations = new ArrayList<>();
    private final Set<Integer> culprits = new TreeSet<>();
    private final long troubleTime;

    Simulation(long seed) {
        this.seed = seed;
        Random random = new Random(seed);
        this.ranks = 2 + random.nextInt(7);
        this.trouble = Trouble.values()[random.nextInt(Trouble.values().length)];
        this.timeout = trouble == Trouble.SLOW ? 600 * SECOND : (2 + random.nextInt(9)) * SECOND;
        this.troubleTime = (long) (Math.pow(random.nextDouble(), 2) * 400 * MILLI);
        int segmentBytes = 64 << random.nextInt(7);
        int count = 1 + random.nextInt(8);
        for (int i = 0; i < count; i++) {
            operations.add(SimulatedOperation.random(random, i, ranks));
        }
        int culprit = random.nextInt(ranks);
        for (int rank = 0; rank < ranks; rank++) {
            boolean troubled = rank == culprit;
            long slowness = trouble == Trouble.SLOW && troubled ? 20 * MILLI : random.nextInt(2) * MILLI;
            int leavesAfter = trouble == Trouble.LEAVE && troubled ? random.nextInt(count + 1) : count;
            group.add(new SimulatedRank(
                    rank,
                    ranks,
                    segmentBytes,
                    timeout,
                    1 + random.nextInt(4),
                    operations,
                    slowness,
                    leavesAfter,
                    time,
                    random));
        }
        connect(random, random.nextInt(4) == 0);
        plan(random, culprit);
    }

    /** Null if everything is as it should be, or what is not. */
    static @Nullable String run(long seed) {
        Simulation simulation = new Simulation(seed);
        String finding;
        try {
            finding = simulation.run();
        } catch (RuntimeException unexpected) {
            finding = unexpected + " at " + Arrays.toString(unexpected.getStackTrace());
        }
        return finding == null ? null : "seed " + seed + " (" + simulation + "): " + finding;
    }

    @Override
    public String toString() {
        return ranks + " ranks, " + operations.size() + " operations, " + trouble + " of " + culprits + " at "
                + troubleTime / MILLI + " ms, timeout " + timeout / MILLI + " ms";
    }

    private void connect(Random random, boolean encrypted) {
        for (int rank = 0; rank < ranks; rank++) {
            for (int peer = 0; peer < rank; peer++) {
                TimedChannel[] ends = TimedChannel.connection(time, random);
                byte[] nonce = {(byte) rank, (byte) peer};
                Membership member = new Membership(rank, ranks, seed, encrypted, TcpGroup.SECRET);
                group.get(rank).connect(peer, ends[0], encrypted ? Session.of(member, nonce, nonce, true) : null);
                group.get(peer).connect(rank, ends[1], encrypted ? Session.of(member, nonce, nonce, false) : null);
            }
        }
        group.forEach(rank -> time.at(random.nextInt(20) * MILLI, rank::turnSoon));
    }

    private void plan(Random random, int culprit) {
        SimulatedRank rank = group.get(culprit);
        boolean orderly = random.nextBoolean();
        long until = trouble == Trouble.FREEZE && random.nextBoolean()
                ? troubleTime + (long) (random.nextDouble() * 3 * timeout)
                : Long.MAX_VALUE / 2;
        int index = random.nextInt(ranks - 1);
        int peer = rank.engine.links().get(index).peer();
        TimedChannel channel = rank.channels.get(index);
        TimedChannel back = group.get(peer).channels.get(culprit < peer ? culprit : culprit - 1);
        switch (trouble) {
            case NONE, SLOW -> {}
            case LEAVE -> culprits.add(culprit);
            case SHORT_FREEZE ->
                time.at(troubleTime, () -> rank.freezeUntil(troubleTime + Math.min(timeout / 3, SHORT)));
            case KILL -> at(culprit, () -> rank.kill(orderly));
            case FREEZE -> at(culprit, () -> rank.freezeUntil(until));
            case VANISH -> at(culprit, rank::vanish);
            case BREAK -> {
                culprits.add(peer);
                at(culprit, () -> {
                    channel.breakOff();
                    back.breakOff();
                });
            }
            case SILENCE -> {
                // Who waits for a rank that waits for a rank that hears nothing more can but blame the one before it.
                IntStream.range(0, ranks).forEach(culprits::add);
                at(culprit, () -> {
                    channel.fallSilent();
                    if (orderly) {
                        back.fallSilent();
                    }
                });
            }
        }
    }

    private void at(int culprit, Runnable what) {
        culprits.add(culprit);
        time.at(troubleTime, what);
    }

    private @Nullable String run() {
        int steps = 0;
        while (time.step()) {
            if (++steps > STEPS) {
                return "it never ends: " + steps + " events, " + time.now() / MILLI + " ms";
            }
        }
        for (SimulatedRank rank : group) {
            String finding = check(rank);
            if (finding != null) {
                return "rank " + rank.rank + ": " + finding;
            }
        }
        return trouble == Trouble.LEAVE ? checkLeaver() : null;
    }

    private @Nullable String check(SimulatedRank rank) {
        boolean innocent = !culprits.contains(rank.rank) || trouble == Trouble.BREAK || trouble == Trouble.SILENCE;
        if (rank.wrong()) {
            return "a result is wrong";
        }
        if (!rank.over() && innocent) {
            return "it hangs";
        }
        for (int i = 0; i < operations.size() && innocent; i++) {
            Fault fault = rank.faults[i];
            if (fault == null) {
                continue;
            }
            String what = operations.get(i) + " failed, because rank " + fault.rank() + " " + fault.detail();
            if (culprits.isEmpty()) {
                return what + ", though nothing went wrong";
            }
            if (!culprits.contains(fault.rank()) && !reportedByAFrozenRank(fault)) {
                return what + ", which is innocent";
            }
            long limit = trouble == Trouble.KILL || trouble == Trouble.LEAVE
                    ? Math.max(troubleTime, rank.starts[i]) + Math.min(timeout, 5 * SECOND)
                    : rank.starts[i] + timeout + SECOND;
            if (rank.starts[i] >= 0 && trouble != Trouble.LEAVE && rank.ends[i] > limit) {
                return what + ", but only after " + (rank.ends[i] - rank.starts[i]) / MILLI + " ms";
            }
        }
        return null;
    }

    /** A rank that was frozen while the others went away finds broken connections, and the others believe it. */
    private boolean reportedByAFrozenRank(Fault fault) {
        return trouble == Trouble.FREEZE
                && culprits.stream().anyMatch(culprit -> fault.detail().endsWith("as rank " + culprit + " reports"));
    }

    /** What the leaver has completed must complete everywhere. */
    private @Nullable String checkLeaver() {
        SimulatedRank leaver = group.get(culprits.iterator().next());
        for (int i = 0; i < operations.size(); i++) {
            for (SimulatedRank rank : group) {
                if (leaver.completed(i) && !rank.completed(i)) {
                    return "rank " + rank.rank + " did not complete " + operations.get(i) + ", which the leaver has: "
                            + rank.faults[i];
                }
            }
        }
        return null;
    }

    /** Arguments: {@code --seeds COUNT}, {@code --from SEED}. */
    public static void main(String[] arguments) {
        long count = 100_000;
        long from = 0;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            switch (arguments[i]) {
                case "--seeds" -> count = Long.parseLong(arguments[i + 1]);
                case "--from" -> from = Long.parseLong(arguments[i + 1]);
                default -> throw new IllegalArgumentException("Unknown: " + arguments[i]);
            }
        }
        long start = System.nanoTime();
        int failures = 0;
        for (long seed = from; seed < from + count; seed++) {
            String finding = run(seed);
            if (finding != null) {
                failures++;
                System.out.println(finding);
            }
        }
        System.out.printf(
                "{\"name\": \"simulate\", \"seeds\": %d, \"from\": %d, \"failures\": %d, \"seconds\": %.1f}%n",
                count, from, failures, (System.nanoTime() - start) / 1e9);
        System.exit(failures == 0 ? 0 : 1);
    }
}
