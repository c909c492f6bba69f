package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.job.data.AuditReport;
import org.sandglass.ops.collective.Communicator;
import org.sandglass.ops.collective.InProcess;

class AuditSumTest {

    @ParameterizedTest(name = "{0} ranks, seed {1}")
    @CsvSource({"1, 1", "2, 2", "5, 3"})
    void shouldAddUpAsLongsDo(int ranks, long seed) {
        Random random = new Random(seed);
        List<AuditReport> reports = IntStream.range(0, ranks)
                .mapToObj(rank -> new AuditReport(
                        random.nextLong(),
                        random.nextInt(1_000_000),
                        rank,
                        rank == 0 ? -1 : random.nextLong(),
                        Long.MIN_VALUE + rank))
                .toList();
        List<Communicator> group = InProcess.group(ranks);

        List<CompletableFuture<AuditReport>> sums = IntStream.range(0, ranks)
                .mapToObj(rank -> CompletableFuture.supplyAsync(
                        () -> AuditSum.over(group.get(rank), reports.get(rank)), task -> new Thread(task).start()))
                .toList();

        AuditReport expected = reports.stream().reduce(AuditReport.NONE, AuditReport::plus);
        assertThat(sums).allSatisfy(sum -> assertThat(sum.join()).isEqualTo(expected));
        group.forEach(Communicator::close);
    }
}
