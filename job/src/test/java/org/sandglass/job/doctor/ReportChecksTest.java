package org.sandglass.job.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sandglass.job.cluster.Finding;

class ReportChecksTest {

    private static final long GIBI = 1L << 30;
    private static final ReportChecks.Versions DRIVER = new ReportChecks.Versions("17.0.1", "3.5.6", "abc");

    /** A report to be changed in one respect. */
    private static final String NO_CUDA = "libcuda.so.1: cannot open shared object file; a GPU needs CUDA 13";

    private record Draft(
            int rank,
            String host,
            String device,
            String java,
            String spark,
            String build,
            @Nullable Long clock,
            @Nullable String natives,
            @Nullable String file,
            @Nullable String mesh,
            long free,
            long memory) {

        static Draft good(int rank) {
            return new Draft(
                    rank, "host" + rank, "", "17.0.1", "3.5.6", "abc", 0L, null, null, null, 100 * GIBI, 64 * GIBI);
        }

        ExecutorReport report() {
            return new ExecutorReport(
                    rank,
                    String.valueOf(rank),
                    host,
                    device,
                    4,
                    java,
                    spark,
                    build,
                    clock,
                    10,
                    natives,
                    NO_CUDA,
                    null,
                    file,
                    mesh,
                    memory,
                    8 * GIBI,
                    List.of(new ExecutorReport.Disk("/data", "/dev/sda", free)));
        }
    }

    @Test
    void shouldFindNothingWrongWithEqualExecutors() {
        assertThat(check(draft -> draft)).hasSize(9).allSatisfy(finding -> assertThat(finding.level())
                .isEqualTo(Finding.Level.OK));
    }

    @Test
    void shouldNameTheHostWhoseNativeLibrariesDoNotLoad() {
        assertThat(only(draft -> new Draft(
                        draft.rank,
                        draft.host,
                        "",
                        draft.java,
                        draft.spark,
                        draft.build,
                        0L,
                        "UnsatisfiedLinkError: libjnidnnl.so",
                        null,
                        null,
                        draft.free,
                        draft.memory)))
                .satisfies(finding -> {
                    assertThat(finding.level()).isEqualTo(Finding.Level.ERROR);
                    assertThat(finding.message()).contains("rank 1 (host1)", "libjnidnnl.so");
                });
    }

    @Test
    void shouldRefuseAnotherBuildAndAnotherSparkAndWarnOfAnotherJava() {
        assertThat(only(draft -> versions(draft, "17.0.1", "3.5.6", "def"))).satisfies(finding -> {
            assertThat(finding.level()).isEqualTo(Finding.Level.ERROR);
            assertThat(finding.message()).contains("abc", "host1 def");
        });
        assertThat(only(draft -> versions(draft, "17.0.1", "3.4.0", "abc")).level())
                .isEqualTo(Finding.Level.ERROR);
        assertThat(only(draft -> versions(draft, "21.0.2", "3.5.6", "abc")).level())
                .isEqualTo(Finding.Level.WARN);
    }

    @Test
    void shouldWarnOfAClockThatDiffersAndRefuseOneThatKerberosRefuses() {
        assertThat(only(draft -> clock(draft, -2_500)).level()).isEqualTo(Finding.Level.WARN);
        assertThat(only(draft -> clock(draft, 400_000))).satisfies(finding -> {
            assertThat(finding.level()).isEqualTo(Finding.Level.ERROR);
            assertThat(finding.message()).contains("host1", "400.0 s");
        });
        assertThat(check(draft -> clock(draft, 1_005)))
                .allSatisfy(finding -> assertThat(finding.level()).isEqualTo(Finding.Level.OK));
    }

    @Test
    void shouldRefuseOneGpuForTwoRanks() {
        List<ExecutorReport> reports = new ArrayList<>();
        for (int rank = 0; rank < 3; rank++) {
            Draft draft = Draft.good(rank);
            reports.add(new Draft(
                            rank,
                            draft.host,
                            rank == 2 ? "GPU-1" : "GPU-0",
                            draft.java,
                            draft.spark,
                            draft.build,
                            0L,
                            null,
                            null,
                            null,
                            draft.free,
                            draft.memory)
                    .report());
        }
        assertThat(bad(ReportChecks.of(reports, DRIVER, 0, GIBI)))
                .filteredOn(finding -> finding.level() == Finding.Level.ERROR)
                .singleElement()
                .satisfies(finding -> assertThat(finding.message()).contains("ranks 0 and 1", "GPU-0"));
    }

    @Test
    void shouldAskForDiskThatTheExchangeTakes() {
        UnaryOperator<Draft> small = draft -> disk(draft, 6 * GIBI, draft.memory);
        assertThat(only(small, 10 * GIBI, GIBI).level()).isEqualTo(Finding.Level.WARN);
        assertThat(only(small, 30 * GIBI, GIBI)).satisfies(finding -> {
            assertThat(finding.level()).isEqualTo(Finding.Level.ERROR);
            assertThat(finding.message()).contains("host1", "6.0 GiB");
            assertThat(finding.remedy()).contains("spark.local.dir");
        });
    }

    @Test
    void shouldWarnOfAHostWhoseExecutorsCanTakeMoreThanItHas() {
        assertThat(only(draft -> disk(draft, draft.free, 8 * GIBI))).satisfies(finding -> {
            assertThat(finding.level()).isEqualTo(Finding.Level.WARN);
            assertThat(finding.remedy()).contains("spark.executor.memory");
        });
    }

    @Test
    void shouldSayWhatIsMissingForGpusAndWarnWhereTheyWereGiven() {
        assertThat(check(draft -> draft)).anySatisfy(finding -> {
            assertThat(finding.check()).isEqualTo("cuda");
            assertThat(finding.message()).contains("no GPU was asked for", "libcuda.so.1", "CUDA 13");
        });
        Draft first = Draft.good(0);
        Draft given = new Draft(
                0,
                first.host,
                "GPU-a",
                first.java,
                first.spark,
                first.build,
                0L,
                null,
                null,
                null,
                first.free,
                first.memory);

        assertThat(bad(ReportChecks.of(List.of(given.report()), DRIVER, 10 * GIBI, GIBI)))
                .anySatisfy(finding -> {
                    assertThat(finding.level()).isEqualTo(Finding.Level.WARN);
                    assertThat(finding.message()).contains("GPUs were given, and cannot be used", "libcuda.so.1");
                });
    }

    @Test
    void shouldPassReportsOnAsText() {
        ExecutorReport report = Draft.good(3).report();
        assertThat(ExecutorReport.fromJson(report.toJson())).isEqualTo(report);
    }

    private static Draft versions(Draft draft, String java, String spark, String build) {
        return new Draft(
                draft.rank, draft.host, "", java, spark, build, 0L, null, null, null, draft.free, draft.memory);
    }

    private static Draft clock(Draft draft, long millis) {
        return new Draft(
                draft.rank,
                draft.host,
                "",
                draft.java,
                draft.spark,
                draft.build,
                millis,
                null,
                null,
                null,
                draft.free,
                draft.memory);
    }

    private static Draft disk(Draft draft, long free, long memory) {
        return new Draft(
                draft.rank, draft.host, "", draft.java, draft.spark, draft.build, 0L, null, null, null, free, memory);
    }

    /** Two ranks, of which the second is as {@code change} makes it. */
    private static List<Finding> check(UnaryOperator<Draft> change) {
        return check(change, 10 * GIBI, GIBI);
    }

    private static List<Finding> check(UnaryOperator<Draft> change, long exchange, long nativeBytes) {
        return ReportChecks.of(
                List.of(Draft.good(0).report(), change.apply(Draft.good(1)).report()), DRIVER, exchange, nativeBytes);
    }

    private static Finding only(UnaryOperator<Draft> change) {
        return only(change, 10 * GIBI, GIBI);
    }

    private static Finding only(UnaryOperator<Draft> change, long exchange, long nativeBytes) {
        List<Finding> bad = bad(check(change, exchange, nativeBytes));
        assertThat(bad).hasSize(1);
        return bad.get(0);
    }

    private static List<Finding> bad(List<Finding> findings) {
        return findings.stream()
                .filter(finding -> finding.level() != Finding.Level.OK)
                .toList();
    }
}
