package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sandglass.ops.random.CounterRandom;
import scala.Tuple2;

/** Laws 1 and 2 over the whole way of a sample, from the Parquet row to the microbatch, on Spark. */
@Tag("spark")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EpochLawTest {

    private static final int SAMPLES = 211;
    private static final int FEW = 3;

    private final Map<Integer, SampleTable> tables = new TreeMap<>();

    /** What a task did in an epoch: the audit, and "iteration/worker" → ids. */
    record TaskReport(AuditReport audit, Map<String, List<Long>> microbatches) implements Serializable {}

    @BeforeAll
    void writeTables(@TempDir Path directory) {
        for (int samples : new int[] {FEW, SAMPLES}) {
            Path path = directory.resolve("t" + samples);
            EvenBlocks blocks = new EvenBlocks(samples, 3);
            for (int file = 0; file < 3; file++) {
                List<Row> rows = LongStream.range(blocks.first(file), blocks.first(file + 1))
                        .mapToObj(id -> SampleTables.nestedRow(TinyImages.png(id), "p" + id, TinyImages.label(id)))
                        .toList();
                SampleTables.write(path.resolve(file + ".parquet"), SampleTables.nested(), rows);
            }
            tables.put(samples, SampleTable.open(LocalSpark.session(), path.toString()));
        }
    }

    @ParameterizedTest
    @CsvSource({
        // workers, perWorkerBatchSize, tasks: a short last iteration, one sample in it, none short, one iteration
        "211, 5, 8, 2, 1",
        "211, 3, 10, 2, 4",
        "211, 1, 211, 1, 3",
        "211, 7, 64, 3, 1",
        "211, 2, 4, 2, 500",
        "3, 5, 8, 2, 2",
        "3, 5, 1, 5, 1"
    })
    void shouldUseEverySampleExactlyOnceInEveryEpoch(
            int samples, int workers, int perWorkerBatchSize, int tasks, int sections) {
        for (int epoch = 1; epoch <= 3; epoch++) {
            EpochPlan plan = new EpochPlan(samples, workers, perWorkerBatchSize, 42, epoch);
            List<TaskReport> reports = run(table(samples), plan, tasks, sections);
            LedgerEntry entry = LedgerEntry.of(
                    epoch, reports.stream().map(TaskReport::audit).toList(), samples);
            assertThat(entry.verdict()).isEqualTo("exact");
            assertThat(reports.stream()
                            .flatMap(report -> report.microbatches().values().stream())
                            .flatMap(List::stream)
                            .sorted()
                            .toList())
                    .isEqualTo(LongStream.range(0, samples).boxed().toList());
        }
    }

    @ParameterizedTest
    @CsvSource({"211, 5, 8", "211, 3, 64", "3, 4, 8"})
    void shouldMakeTheSameMinibatchesAtAnyWidth(int samples, int workers, int perWorkerBatchSize) {
        EpochPlan plan = new EpochPlan(samples, workers, perWorkerBatchSize, 42, 1);
        Map<String, List<Long>> expected = new TreeMap<>();
        for (long iteration = 0; iteration < plan.iterations(); iteration++) {
            for (int worker = 0; worker < workers; worker++) {
                List<Long> ids = new ArrayList<>();
                for (int slot = 0; slot < plan.samplesOf(iteration, worker); slot++) {
                    ids.add(plan.idAt(iteration * plan.globalBatchSize() + (long) slot * workers + worker));
                }
                expected.put(iteration + "/" + worker, ids);
            }
        }
        for (int tasks = 1; tasks <= 3; tasks++) {
            Map<String, List<Long>> microbatches = new TreeMap<>();
            run(table(samples), plan, tasks, tasks).forEach(report -> microbatches.putAll(report.microbatches()));
            assertThat(microbatches).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"211, 1, 1", "211, 2, 5", "211, 7, 1", "3, 5, 2"})
    void shouldBringEverySampleOnceToAnEvaluationDealtEvenly(int samples, int tasks, int sections) {
        List<List<Long>> partitions = Exchange.inOrder(table(samples), tasks, sections)
                .map(sample -> EncodedSample.unpack(sample._2()).id())
                .glom()
                .collect();
        assertThat(partitions).hasSize(tasks).allSatisfy(partition -> assertThat(partition.size())
                .isBetween(samples / tasks, (samples + tasks - 1) / tasks));
        assertThat(partitions.stream().flatMap(List::stream).toList())
                .isEqualTo(LongStream.range(0, samples).boxed().toList());
    }

    /** Ways to deal an epoch: the right one, and the pitfalls (paper §3, data shuffling). */
    private enum Shuffling {
        ONE_PERMUTATION_FOR_ALL_WORKERS {
            @Override
            long id(EpochPlan plan, long iteration, int worker, int slot) {
                return plan.idAt(iteration * plan.globalBatchSize() + (long) slot * plan.workers() + worker);
            }
        },
        A_PERMUTATION_PER_WORKER {
            @Override
            long id(EpochPlan plan, long iteration, int worker, int slot) {
                long step = iteration * plan.perWorkerBatchSize() + slot;
                return KeyedPermutation.of(plan.samples(), plan.seed() + worker, plan.epoch())
                        .element(step);
            }
        },
        WITH_REPLACEMENT {
            @Override
            long id(EpochPlan plan, long iteration, int worker, int slot) {
                return Math.floorMod(CounterRandom.mix(plan.key(iteration, worker, slot)), plan.samples());
            }
        },
        THE_SAME_MINIBATCH_FOR_TWO_WORKERS {
            @Override
            long id(EpochPlan plan, long iteration, int worker, int slot) {
                return ONE_PERMUTATION_FOR_ALL_WORKERS.id(plan, iteration, worker == 1 ? 0 : worker, slot);
            }
        };

        abstract long id(EpochPlan plan, long iteration, int worker, int slot);
    }

    @ParameterizedTest
    @EnumSource
    void shouldFindShufflingPutBackWrongInTheLedger(Shuffling shuffling) {
        EpochPlan plan = new EpochPlan(SAMPLES, 5, 8, 42, 1);
        List<AuditReport> reports = new ArrayList<>();
        for (int worker = 0; worker < plan.workers(); worker++) {
            SampleAudit audit = new SampleAudit(SAMPLES);
            for (long iteration = 0; iteration < plan.iterations(); iteration++) {
                for (int slot = 0; slot < plan.samplesOf(iteration, worker); slot++) {
                    audit.add(shuffling.id(plan, iteration, worker, slot));
                }
            }
            reports.add(audit.report());
        }
        LedgerEntry entry = LedgerEntry.of(1, reports, SAMPLES);
        assertThat(entry.samples()).isEqualTo(SAMPLES);
        assertThat(entry.exact()).isEqualTo(shuffling == Shuffling.ONE_PERMUTATION_FOR_ALL_WORKERS);
    }

    /** The last iteration is short: leaving it out, as loaders that drop it do, must be found. */
    @Test
    void shouldFindADroppedLastIterationInTheLedger() {
        EpochPlan plan = new EpochPlan(SAMPLES, 5, 8, 42, 1);
        SampleAudit audit = new SampleAudit(SAMPLES);
        LongStream.range(0, (plan.iterations() - 1) * plan.globalBatchSize())
                .map(plan::idAt)
                .forEach(audit::add);
        assertThat(LedgerEntry.of(1, List.of(audit.report()), SAMPLES).verdict())
                .contains("200 samples used instead of 211");
    }

    @Test
    void shouldPartitionEquallyForEqualPlans() {
        EpochPlan plan = new EpochPlan(SAMPLES, 5, 8, 42, 1);
        SectionPartitioner partitioner = SectionPartitioner.byWorker(plan, new WorkerDeal(5, 2), 3);
        SectionPartitioner same = SectionPartitioner.byWorker(plan, new WorkerDeal(5, 2), 3);
        assertThat(partitioner).isEqualTo(same).hasSameHashCodeAs(same);
        assertThat(partitioner)
                .isNotEqualTo(SectionPartitioner.byWorker(plan, new WorkerDeal(5, 3), 3))
                .isNotEqualTo(SectionPartitioner.byWorker(plan, new WorkerDeal(5, 2), 4))
                .isNotEqualTo(SectionPartitioner.byRange(new EvenBlocks(5, 2), 3));
    }

    private SampleTable table(int samples) {
        return Objects.requireNonNull(tables.get(samples));
    }

    private static List<TaskReport> run(SampleTable table, EpochPlan plan, int tasks, int sections) {
        WorkerDeal deal = new WorkerDeal(plan.workers(), tasks);
        ShardOptions options = new ShardOptions(2, 2, false, table.locator());
        return Exchange.shuffle(table, plan, deal, sections)
                .mapPartitionsWithIndex(
                        (task, samples) -> List.of(report(task, samples, plan, deal, options))
                                .iterator(),
                        false)
                .collect();
    }

    private static TaskReport report(
            int task, Iterator<Tuple2<Long, byte[]>> samples, EpochPlan plan, WorkerDeal deal, ShardOptions options) {
        SampleAudit audit = new SampleAudit(plan.samples());
        Map<String, List<Long>> microbatches = new TreeMap<>();
        try (ShardIterator shard =
                ShardIterator.training(samples, plan, deal, task, TinyImages.NUMBER, TinyImages.SIZE, options)) {
            while (shard.hasNext()) {
                Microbatch microbatch = shard.next();
                audit.add(microbatch);
                for (int i = 0; i < microbatch.count(); i++) {
                    assertThat((long) microbatch.images().get(i * 3))
                            .isEqualTo(microbatch.ids()[i]);
                }
                microbatches.put(
                        microbatch.iteration() + "/" + microbatch.worker(),
                        LongStream.of(microbatch.ids()).boxed().toList());
            }
        }
        return new TaskReport(audit.report(), microbatches);
    }
}
