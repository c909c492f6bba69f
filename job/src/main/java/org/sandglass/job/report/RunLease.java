package org.sandglass.job.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that one driver at a time works on a run directory: a hidden file there, which its holder renews every few
 * seconds. A holder that no longer does so is dead, and its lease is taken over; one that was frozen finds that out when
 * it wakes. Clocks are not compared. Thread-safe.
 */
public final class RunLease implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RunLease.class);
    private static final String FILE = ".lease";
    private static final Duration PERIOD = Duration.ofSeconds(4);
    private static final long POLL_MILLIS = 250;

    /** Who works on a run, and how often it has said so. */
    record Holder(String token, String host, long process, String since, long beat) {

        static Holder here() {
            ProcessHandle self = ProcessHandle.current();
            return new Holder(UUID.randomUUID().toString(), hostName(), self.pid(), start(self), 0);
        }

        Holder next() {
            return new Holder(token, host, process, since, beat + 1);
        }

        /** Whether it ran on this host, and does no more. */
        boolean isGone() {
            return host.equals(hostName())
                    && ProcessHandle.of(process)
                            .filter(ProcessHandle::isAlive)
                            .filter(alive -> start(alive).equals(since))
                            .isEmpty();
        }

        private static String start(ProcessHandle handle) {
            return handle.info().startInstant().map(Instant::toString).orElse("");
        }

        private static String hostName() {
            try {
                return InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException e) {
                return "unknown";
            }
        }
    }

    private final RunFiles files;
    private final ScheduledExecutorService timer;
    private final ScheduledFuture<?> renewal;
    private Holder own;
    private boolean lost;

    private RunLease(RunFiles files, Holder own, Duration period) {
        this.files = files;
        this.own = own;
        this.timer = Executors.newSingleThreadScheduledExecutor(runnable -> {
            Thread thread = new Thread(runnable, "sandglass-lease");
            thread.setDaemon(true);
            return thread;
        });
        this.renewal = timer.scheduleWithFixedDelay(
                this::renew, period.toMillis() / 4, period.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Takes the lease of a run directory; where another driver has it, waits until that one has missed three renewals.
     *
     * @throws JobFailure (usage) if another driver is at work
     */
    public static RunLease acquire(String uri, Configuration hadoop) {
        return acquire(new RunFiles(uri, hadoop), PERIOD);
    }

    static RunLease acquire(RunFiles files, Duration period) {
        Optional<Holder> first = read(files);
        if (first.isPresent() && !first.get().isGone()) {
            long started = System.nanoTime();
            while (System.nanoTime() - started < 3 * period.toNanos()) {
                pause();
                Optional<Holder> now = read(files);
                if (now.isPresent() && !now.equals(first)) {
                    throw JobFailure.usage("Cannot work on run " + files.uri("") + ": a driver on "
                            + now.get().host()
                            + ", process " + now.get().process() + ", is at work on it; wait for it, end it, or give"
                            + " another --run");
                }
            }
        }
        Holder own = Holder.here();
        files.write(FILE, JsonLines.pretty(own));
        return new RunLease(files, own, period);
    }

    /**
     * To be called before what only the run's driver may do.
     *
     * @throws JobFailure (cluster) if another driver has taken over
     */
    public synchronized void requireHeld() {
        if (lost) {
            throw JobFailure.cluster("Cannot go on with " + files.uri("") + ": another driver has taken over, because"
                    + " this one did not renew its lease in time");
        }
    }

    public synchronized boolean isHeld() {
        return !lost;
    }

    private synchronized void renew() {
        try {
            Optional<Holder> present = read(files);
            if (present.isPresent() && !present.get().token().equals(own.token())) {
                lost = true;
                timer.shutdown();
            } else {
                own = own.next();
                files.write(FILE, JsonLines.pretty(own));
            }
        } catch (RuntimeException | Error e) {
            // Whatever it was, the next renewal may succeed.
            LOG.warn("Cannot renew the lease of {}", files.uri(""), e);
        }
    }

    @Override
    public synchronized void close() {
        renewal.cancel(false);
        timer.shutdownNow();
        if (!lost) {
            lost = true;
            files.delete(FILE);
        }
    }

    private static Optional<Holder> read(RunFiles files) {
        try {
            Optional<String> text = files.read(FILE);
            return text.isEmpty() ? Optional.empty() : Optional.of(JsonLines.parse(text.get(), Holder.class));
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new JobFailure(ExitCode.OTHER, "Interrupted while waiting for a run's lease", e);
        }
    }
}
