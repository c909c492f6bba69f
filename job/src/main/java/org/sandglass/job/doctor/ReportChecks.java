package org.sandglass.job.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.DeviceSlot;
import org.sandglass.job.cluster.Finding;
import org.sandglass.job.failure.JobFailure;

/** What the reports of all ranks tell together. Functions of their arguments alone. */
final class ReportChecks {

    static final String CHECKPOINTS = "checkpoints";

    /** Kerberos refuses clocks that differ by more than five minutes. */
    private static final long REFUSED_SKEW_MILLIS = 300_000;

    private static final long NOTED_SKEW_MILLIS = 1_000;
    private static final double GIBI = 1L << 30;

    private final List<ExecutorReport> reports;
    private final List<Finding> findings = new ArrayList<>();

    private ReportChecks(List<ExecutorReport> reports) {
        this.reports = reports;
    }

    /**
     * All findings, good and bad.
     *
     * @param driver what every executor should be, in javaVersion, sparkVersion and build
     * @param exchangeBytes size of the training table; 0 if none was named
     * @param nativeBytes what an executor needs beside its heap
     */
    static List<Finding> of(List<ExecutorReport> reports, Versions driver, long exchangeBytes, long nativeBytes) {
        ReportChecks checks = new ReportChecks(reports);
        checks.natives();
        checks.versions(driver);
        checks.clocks();
        checks.devices();
        checks.cuda();
        checks.mesh();
        checks.files();
        checks.disks(exchangeBytes);
        checks.memory(nativeBytes);
        return checks.findings;
    }

    /** What must be the same everywhere. */
    record Versions(String java, String spark, String build) {}

    private void natives() {
        problems(
                "native libraries",
                ExecutorReport::nativeProblem,
                "load on every executor",
                "use hosts with glibc on x86-64 (the JAR carries the libraries), a writable java.io.tmpdir that allows"
                        + " execution: spark.executor.extraJavaOptions=-Djava.io.tmpdir=DIR");
    }

    private void mesh() {
        problems(
                "network",
                ExecutorReport::meshProblem,
                "all pairs of " + reports.size() + " ranks connect, and sum",
                "open the ports above 1024 between executors, and let every host resolve to the address of its fast"
                        + " interface: SPARK_LOCAL_IP there");
    }

    private void files() {
        problems(
                CHECKPOINTS,
                ExecutorReport::fileProblem,
                "every executor can write, read, list and delete in the run directory",
                "set --run to a directory on hdfs://, s3a:// or another file system of all hosts that the user may write");
    }

    private void problems(String check, Function<ExecutorReport, @Nullable String> problem, String good, String way) {
        Map<String, TreeSet<String>> hosts = new LinkedHashMap<>();
        for (ExecutorReport report : reports) {
            String text = problem.apply(report);
            if (text != null) {
                hosts.computeIfAbsent(text, key -> new TreeSet<>()).add(place(report));
            }
        }
        hosts.forEach((text, where) -> findings.add(Finding.error(check, String.join(", ", where) + ": " + text, way)));
        if (hosts.isEmpty()) {
            findings.add(Finding.ok(check, good));
        }
    }

    private void versions(Versions driver) {
        String builds = others(ExecutorReport::build, driver.build());
        String sparks = others(ExecutorReport::sparkVersion, driver.spark());
        String javas = others(ExecutorReport::javaVersion, driver.java());
        if (!builds.isEmpty()) {
            findings.add(Finding.error(
                    "versions",
                    "the driver runs Sandglass " + driver.build() + ", and " + builds,
                    "submit the same JAR: remove older ones from spark.executor.extraClassPath"));
        }
        if (!sparks.isEmpty()) {
            findings.add(Finding.error(
                    "versions",
                    "the driver runs Spark " + driver.spark() + ", and " + sparks,
                    "use the cluster's own spark-submit: SPARK_HOME"));
        }
        if (!javas.isEmpty()) {
            findings.add(Finding.warn(
                    "versions",
                    "the driver runs Java " + driver.java() + ", and " + javas,
                    "set spark.executorEnv.JAVA_HOME to the same Java on every host"));
        }
        if (builds.isEmpty() && sparks.isEmpty() && javas.isEmpty()) {
            findings.add(
                    Finding.ok("versions", "Spark " + driver.spark() + " and Java " + driver.java() + " everywhere"));
        }
    }

    private String others(Function<ExecutorReport, String> version, String expected) {
        return reports.stream()
                .filter(report -> !version.apply(report).equals(expected))
                .map(report -> report.host() + " " + version.apply(report))
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private void clocks() {
        long worst = 0;
        String where = "";
        for (ExecutorReport report : reports) {
            Long offset = report.clockOffsetMillis();
            long sure = offset == null ? 0 : Math.max(0, Math.abs(offset) - report.clockErrorMillis());
            if (sure > worst) {
                worst = sure;
                where = report.host();
            }
        }
        String text = "the clocks of %s and the driver differ by %.1f s".formatted(where, worst / 1e3);
        String way = "synchronise the hosts' clocks (chrony, ntpd)";
        if (worst > REFUSED_SKEW_MILLIS) {
            findings.add(Finding.error("clocks", text + ": Kerberos refuses that", way));
        } else if (worst > NOTED_SKEW_MILLIS) {
            findings.add(Finding.warn("clocks", text + ": logs of different hosts will not line up", way));
        } else {
            findings.add(Finding.ok("clocks", "within a second of the driver's"));
        }
    }

    private void devices() {
        List<String> devices = reports.stream().map(ExecutorReport::device).toList();
        if (devices.stream().allMatch(String::isEmpty)) {
            findings.add(Finding.ok(
                    "devices",
                    "processors; threads of a task: "
                            + reports.stream()
                                    .map(report -> String.valueOf(report.threads()))
                                    .distinct()
                                    .collect(Collectors.joining(", "))));
            return;
        }
        try {
            DeviceSlot.refuseShared(devices);
            findings.add(Finding.ok("devices", "a GPU of its own for each rank: " + String.join(", ", devices)));
        } catch (JobFailure e) {
            findings.add(Finding.error(
                    "devices",
                    String.valueOf(e.getMessage()),
                    "set spark.task.resource.gpu.amount=1 and the discovery script to scripts/gpu-discovery.sh"));
        }
    }

    /** Says what is missing for GPUs also where none was asked for. */
    private void cuda() {
        Map<String, TreeSet<String>> hosts = new TreeMap<>();
        boolean given = false;
        for (ExecutorReport report : reports) {
            String problem = report.cudaProblem() == null ? report.ncclProblem() : report.cudaProblem();
            if (problem != null) {
                given |= !report.device().isEmpty();
                hosts.computeIfAbsent(problem, key -> new TreeSet<>()).add(place(report));
            }
        }
        if (hosts.isEmpty()) {
            findings.add(Finding.ok("cuda", "NVIDIA's libraries load on every executor"));
            return;
        }
        String text = hosts.entrySet().stream()
                .map(entry -> String.join(", ", entry.getValue()) + ": " + entry.getKey())
                .collect(Collectors.joining("; "));
        boolean usable = reports.stream().allMatch(report -> report.cudaProblem() == null);
        if (given) {
            findings.add(Finding.warn(
                    "cuda",
                    (usable ? "GPUs sum through their hosts: " : "GPUs were given, and cannot be used: ") + text,
                    "install what is missing on the executors' hosts" + (usable ? "" : ", or ask for no GPU")));
        } else {
            findings.add(Finding.ok(
                    "cuda",
                    "no GPU was asked for, and "
                            + (usable ? "they would sum through their hosts: " : "none could be used: ") + text));
        }
    }

    private void disks(long exchangeBytes) {
        Map<String, Map<String, Long>> freeByHost = new TreeMap<>();
        for (ExecutorReport report : reports) {
            Map<String, Long> stores = freeByHost.computeIfAbsent(report.host(), host -> new TreeMap<>());
            report.disks().forEach(disk -> stores.put(disk.store(), disk.freeBytes()));
        }
        // The map side of the exchange writes the table once, and sorting it may spill it once more.
        long needed = 2 * exchangeBytes / freeByHost.size();
        long least = Long.MAX_VALUE;
        String where = "";
        for (Map.Entry<String, Map<String, Long>> host : freeByHost.entrySet()) {
            long free =
                    host.getValue().values().stream().mapToLong(Long::longValue).sum();
            if (free < least) {
                least = free;
                where = host.getKey();
            }
        }
        String text = "%s has %s free in spark.local.dir".formatted(where, gibi(least));
        String way = "set spark.local.dir (on YARN yarn.nodemanager.local-dirs) to larger disks, or use more hosts";
        if (exchangeBytes == 0) {
            findings.add(Finding.ok("disks", text));
        } else if (least < needed / 2) {
            findings.add(Finding.error("disks", text + ", and the exchange takes up to " + gibi(needed), way));
        } else if (least < needed) {
            findings.add(Finding.warn("disks", text + ", and the exchange may take " + gibi(needed), way));
        } else {
            findings.add(Finding.ok("disks", text + "; the exchange takes up to " + gibi(needed)));
        }
    }

    private void memory(long nativeBytes) {
        Map<String, Map<String, ExecutorReport>> executors = new TreeMap<>();
        for (ExecutorReport report : reports) {
            executors.computeIfAbsent(report.host(), host -> new TreeMap<>()).put(report.executor(), report);
        }
        boolean enough = true;
        for (Map.Entry<String, Map<String, ExecutorReport>> host : executors.entrySet()) {
            long needed = host.getValue().values().stream()
                    .mapToLong(report -> report.heapBytes() + nativeBytes)
                    .sum();
            long there = host.getValue().values().iterator().next().memoryBytes();
            if (there > 0 && needed > there) {
                enough = false;
                findings.add(Finding.warn(
                        "memory of hosts",
                        "%s has %s, and its %d executors may take %s"
                                .formatted(
                                        host.getKey(),
                                        gibi(there),
                                        host.getValue().size(),
                                        gibi(needed)),
                        "lower spark.executor.memory: the tensors live beside the heap"));
            }
        }
        if (enough) {
            findings.add(Finding.ok("memory of hosts", "enough for heaps and tensors"));
        }
    }

    private static String place(ExecutorReport report) {
        return "rank " + report.rank() + " (" + report.host() + ")";
    }

    private static String gibi(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", (double) bytes / GIBI);
    }
}
