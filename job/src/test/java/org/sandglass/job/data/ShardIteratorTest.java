package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.image.ImageTransform;
import scala.Tuple2;

@Timeout(60)
class ShardIteratorTest {

    private static final EpochPlan PLAN = new EpochPlan(203, 5, 8, 17, 2);
    private static final WorkerDeal DEAL = new WorkerDeal(5, 2);
    private static final byte[] GARBAGE = "<html>not found</html>".getBytes(StandardCharsets.UTF_8);

    /** What a microbatch held, copied out of its recycled memory. */
    private record Content(
            long iteration, int worker, List<Float> images, List<Integer> labels, List<Long> ids, List<String> paths) {

        static Content of(Microbatch microbatch) {
            List<Float> images = new ArrayList<>();
            while (microbatch.images().hasRemaining()) {
                images.add(microbatch.images().get());
            }
            return new Content(
                    microbatch.iteration(),
                    microbatch.worker(),
                    images,
                    IntStream.of(microbatch.labels()).boxed().toList(),
                    LongStream.of(microbatch.ids()).boxed().toList(),
                    microbatch.paths());
        }
    }

    @ParameterizedTest
    @CsvSource({"203, 5, 8, 1", "203, 5, 8, 2", "203, 5, 8, 5", "40, 5, 8, 3", "3, 5, 8, 2", "1, 1, 1, 1"})
    void shouldYieldEveryWorkerOfEveryIterationAsPlanned(long samples, int workers, int perWorker, int tasks) {
        EpochPlan plan = new EpochPlan(samples, workers, perWorker, 17, 2);
        WorkerDeal deal = new WorkerDeal(workers, tasks);
        for (int task = 0; task < tasks; task++) {
            try (ShardIterator shard =
                    training(TinyImages.share(plan, deal, task).iterator(), plan, deal, task)) {
                for (long iteration = 0; iteration < plan.iterations(); iteration++) {
                    for (int i = 0; i < deal.workersOf(task); i++) {
                        assertPlanned(plan, iteration, deal.firstWorker(task) + i, shard.next());
                    }
                }
                assertThat(shard.hasNext()).isFalse();
                assertThatThrownBy(shard::next).isInstanceOf(NoSuchElementException.class);
            }
        }
    }

    @Test
    void shouldYieldTheSameWhateverTheThreadsAndPrefetch() {
        List<Content> expected = contents(TinyImages.NUMBER, options(1, 1, false));
        ImageTransform unsteady = (image, random, target, offset) -> {
            int detour = System.identityHashCode(image) % 200_000;
            while (detour > 0) {
                detour--;
                Thread.onSpinWait();
            }
            TinyImages.NUMBER.apply(image, random, target, offset);
        };
        assertThat(contents(unsteady, options(4, 1, false))).isEqualTo(expected);
        assertThat(contents(unsteady, options(3, 5, false))).isEqualTo(expected);
    }

    @Test
    void shouldAugmentOtherwiseInAnotherEpoch() {
        EpochPlan next = new EpochPlan(PLAN.samples(), 1, 203, PLAN.seed(), 3);
        EpochPlan same = new EpochPlan(PLAN.samples(), 1, 203, PLAN.seed(), 2);
        assertThat(augmentationOf(5, next)).isNotEqualTo(augmentationOf(5, PLAN));
        assertThat(augmentationOf(5, same)).isEqualTo(augmentationOf(5, PLAN));
    }

    @Test
    void shouldBoundWhatItHolds() {
        int prefetch = 2;
        TinyImages.Counting samples = new TinyImages.Counting(TinyImages.share(PLAN, DEAL, 0));
        Set<Object> buffers = Collections.newSetFromMap(new IdentityHashMap<>());
        int delivered = 0;
        try (ShardIterator shard = ShardIterator.training(
                samples, PLAN, DEAL, 0, TinyImages.NUMBER, TinyImages.SIZE, options(2, prefetch, false))) {
            assertThat(samples.taken()).isZero();
            while (shard.hasNext()) {
                Microbatch microbatch = shard.next();
                buffers.add(microbatch.images().array());
                assertThat(samples.taken()).isLessThanOrEqualTo(delivered + (prefetch + 1) * 8);
                delivered += microbatch.count();
            }
        }
        assertThat(buffers).hasSize(prefetch + 1);
        assertThat(samples.taken()).isEqualTo(delivered);
    }

    @Test
    void shouldBeginWhereItIsTold() {
        List<Content> whole = contents(TinyImages.NUMBER, options(2, 2, false));
        for (long from : new long[] {1, 4, PLAN.iterations()}) {
            try (ShardIterator shard = ShardIterator.training(
                    TinyImages.share(PLAN, DEAL, 1).iterator(),
                    PLAN,
                    DEAL,
                    1,
                    from,
                    TinyImages.NUMBER,
                    TinyImages.SIZE,
                    options(2, 2, false))) {
                assertThat(drain(shard)).isEqualTo(whole.subList((int) from * 2, whole.size()));
            }
        }
    }

    @Test
    void shouldNameTheCorruptImage() {
        List<Tuple2<Long, byte[]>> samples = TinyImages.share(PLAN, DEAL, 0);
        EncodedSample victim = corrupt(samples, 30);

        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> drain(training(samples.iterator(), PLAN, DEAL, 0)))
                .withMessageContaining("Cannot decode image: row " + victim.id() + " of a.parquet, sample "
                        + victim.id() + " (p" + victim.id() + "): not a JPEG or PNG (first bytes 3c 68 74 6d)")
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.DATA));
    }

    @Test
    void shouldRefuseATruncatedImage() {
        List<Tuple2<Long, byte[]>> samples = TinyImages.share(PLAN, DEAL, 0);
        EncodedSample sample = EncodedSample.unpack(samples.get(0)._2());
        byte[] cut = Arrays.copyOf(sample.image(), sample.image().length - 5);
        samples.set(0, new Tuple2<>(samples.get(0)._1(), new EncodedSample(sample.id(), 0, "", cut).pack()));

        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> drain(training(samples.iterator(), PLAN, DEAL, 0)))
                .withMessageContaining("sample " + sample.id() + ": ");
    }

    @Test
    void shouldLeaveCorruptImagesOutAndAccountForThem() {
        List<Tuple2<Long, byte[]>> first = TinyImages.share(PLAN, DEAL, 0);
        Set<Long> victims = Set.of(
                corrupt(first, 0).id(),
                corrupt(first, 3).id(),
                corrupt(first, 7).id(),
                corrupt(first, 30).id());
        List<AuditReport> reports = new ArrayList<>();
        for (int task = 0; task < 2; task++) {
            List<Tuple2<Long, byte[]>> samples = task == 0 ? first : TinyImages.share(PLAN, DEAL, 1);
            SampleAudit audit = new SampleAudit(PLAN.samples());
            try (ShardIterator shard = ShardIterator.training(
                    samples.iterator(), PLAN, DEAL, task, TinyImages.NUMBER, TinyImages.SIZE, options(2, 1, true))) {
                while (shard.hasNext()) {
                    Microbatch microbatch = shard.next();
                    audit.add(microbatch);
                    assertHoldsItsImages(microbatch);
                    assertThat(LongStream.of(microbatch.ids()).boxed()).doesNotContainAnyElementsOf(victims);
                    assertThat(microbatch.count() + microbatch.skippedIds().length)
                            .isEqualTo(PLAN.samplesOf(microbatch.iteration(), microbatch.worker()));
                }
            }
            reports.add(audit.report());
        }
        LedgerEntry entry = LedgerEntry.of(2, reports, PLAN.samples());
        assertThat(entry.verdict()).isEqualTo("exact");
        assertThat(entry.skipped()).isEqualTo(4);
        assertThat(entry.samples()).isEqualTo(199);
    }

    @Test
    void shouldNoticeSamplesOutOfOrder() {
        List<Tuple2<Long, byte[]>> samples = TinyImages.share(PLAN, DEAL, 0);
        Collections.swap(samples, 40, 41);
        assertWrong(samples, "with key");
    }

    @Test
    void shouldNoticeAMissingSample() {
        List<Tuple2<Long, byte[]>> inTheMiddle = TinyImages.share(PLAN, DEAL, 0);
        inTheMiddle.remove(20);
        assertWrong(inTheMiddle, "with key");
        List<Tuple2<Long, byte[]>> atTheEnd = TinyImages.share(PLAN, DEAL, 0);
        atTheEnd.remove(atTheEnd.size() - 1);
        assertWrong(atTheEnd, "it is missing");
    }

    @Test
    void shouldNoticeASampleThatCameTwice() {
        List<Tuple2<Long, byte[]>> inTheMiddle = TinyImages.share(PLAN, DEAL, 0);
        inTheMiddle.add(20, inTheMiddle.get(20));
        assertWrong(inTheMiddle, "with key");
        List<Tuple2<Long, byte[]>> atTheEnd = TinyImages.share(PLAN, DEAL, 0);
        atTheEnd.add(atTheEnd.get(atTheEnd.size() - 1));
        assertWrong(atTheEnd, "more samples");
    }

    @Test
    void shouldNoticeAForeignSample() {
        List<Tuple2<Long, byte[]>> otherKey = TinyImages.share(PLAN, DEAL, 0);
        Tuple2<Long, byte[]> foreign = TinyImages.share(PLAN, DEAL, 1).get(3);
        otherKey.set(3, new Tuple2<>(otherKey.get(3)._1(), foreign._2()));
        assertWrong(otherKey, "does not belong there");
        assertWrong(TinyImages.share(PLAN, DEAL, 1), "with key");
        EpochPlan otherEpoch = new EpochPlan(203, 5, 8, 17, 3);
        assertWrong(TinyImages.share(otherEpoch, DEAL, 0), "does not belong there");
        List<Tuple2<Long, byte[]>> noSuchId = TinyImages.share(PLAN, DEAL, 0);
        noSuchId.set(
                0, new Tuple2<>(noSuchId.get(0)._1(), TinyImages.sample(203).pack()));
        assertWrong(noSuchId, "does not belong there");
    }

    @Test
    void shouldPassOnWhatATransformThrows() {
        ImageTransform broken = (image, random, target, offset) -> {
            throw new IllegalArgumentException("broken transform");
        };
        assertThatIllegalStateException()
                .isThrownBy(() -> contents(broken, options(2, 2, false)))
                .withRootCauseInstanceOf(IllegalArgumentException.class)
                .withMessageContaining("iteration 0");
    }

    @Test
    void shouldEndAWaitWhenClosedAndStopItsThreads() throws Exception {
        AtomicInteger stuck = new AtomicInteger();
        ShardIterator shard = stuck(stuck);
        CompletableFuture<Microbatch> waiting = CompletableFuture.supplyAsync(shard::next);
        Awaitility.await().until(() -> stuck.get() > 0);

        shard.close();

        assertThatThrownBy(() -> waiting.get(10, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        Awaitility.await().until(() -> stuck.get() == 0);
        assertThat(shard.hasNext()).isFalse();
        shard.close();
    }

    @Test
    void shouldEndAWaitWhenInterrupted() throws Exception {
        AtomicInteger stuck = new AtomicInteger();
        ShardIterator shard = stuck(stuck);
        CompletableFuture<Throwable> outcome = new CompletableFuture<>();
        Thread consumer = new Thread(() -> {
            try {
                shard.next();
            } catch (JobFailure e) {
                outcome.complete(Thread.currentThread().isInterrupted() ? e : new AssertionError("flag lost", e));
            }
        });
        consumer.start();
        Awaitility.await().until(() -> stuck.get() > 0);

        consumer.interrupt();

        assertThat(outcome.get(10, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
    }

    @ParameterizedTest
    @CsvSource({"20, 8, 3", "16, 8, 2", "3, 8, 1", "0, 8, 0"})
    void shouldEvaluateInOrderWithASmallerLastBatch(int count, int batchSize, int batches) {
        long first = 100;
        List<Long> ids = new ArrayList<>();
        try (ShardIterator shard = evaluation(TinyImages.inOrder(first, count), batchSize)) {
            for (int batch = 0; batch < batches; batch++) {
                Microbatch microbatch = shard.next();
                assertThat(microbatch.iteration()).isEqualTo(batch);
                assertThat(microbatch.count()).isEqualTo(Math.min(batchSize, count - batch * batchSize));
                assertHoldsItsImages(microbatch);
                LongStream.of(microbatch.ids()).forEach(ids::add);
            }
            assertThat(shard.hasNext()).isFalse();
        }
        assertThat(ids).isEqualTo(LongStream.range(first, first + count).boxed().toList());
    }

    @Test
    void shouldNoticeAGapInAnEvaluation() {
        List<Tuple2<Long, byte[]>> samples = TinyImages.inOrder(0, 20);
        samples.remove(11);
        assertThatIllegalStateException()
                .isThrownBy(() -> drain(evaluation(samples, 8)))
                .withMessageContaining("out of order");
    }

    private static void assertPlanned(EpochPlan plan, long iteration, int worker, Microbatch microbatch) {
        assertThat(microbatch.iteration()).isEqualTo(iteration);
        assertThat(microbatch.worker()).isEqualTo(worker);
        assertThat(microbatch.count()).isEqualTo(plan.samplesOf(iteration, worker));
        assertThat(microbatch.skippedIds()).isEmpty();
        for (int slot = 0; slot < microbatch.count(); slot++) {
            long position = iteration * plan.globalBatchSize() + (long) slot * plan.workers() + worker;
            assertThat(microbatch.ids()[slot]).isEqualTo(plan.idAt(position));
        }
        assertHoldsItsImages(microbatch);
    }

    private static void assertHoldsItsImages(Microbatch microbatch) {
        assertThat(microbatch.images().remaining()).isEqualTo(microbatch.count() * 3);
        assertThat(microbatch.labels()).hasSize(microbatch.count());
        assertThat(microbatch.ids()).hasSize(microbatch.count());
        assertThat(microbatch.paths()).hasSize(microbatch.count());
        for (int i = 0; i < microbatch.count(); i++) {
            long id = microbatch.ids()[i];
            assertThat((long) microbatch.images().get(i * 3)).isEqualTo(id);
            assertThat(microbatch.labels()[i]).isEqualTo(TinyImages.label(id));
            assertThat(microbatch.paths().get(i)).isEqualTo("p" + id);
        }
    }

    private static void assertWrong(List<Tuple2<Long, byte[]>> samples, String reason) {
        assertThatIllegalStateException()
                .isThrownBy(() -> drain(training(samples.iterator(), PLAN, DEAL, 0)))
                .withMessageContaining(reason);
    }

    private static EncodedSample corrupt(List<Tuple2<Long, byte[]>> samples, int index) {
        EncodedSample sample = EncodedSample.unpack(samples.get(index)._2());
        EncodedSample corrupt = new EncodedSample(sample.id(), sample.label(), sample.path(), GARBAGE);
        samples.set(index, new Tuple2<>(samples.get(index)._1(), corrupt.pack()));
        return sample;
    }

    private static float augmentationOf(long id, EpochPlan plan) {
        WorkerDeal deal = new WorkerDeal(plan.workers(), 1);
        try (ShardIterator shard = training(TinyImages.share(plan, deal, 0).iterator(), plan, deal, 0)) {
            return drain(shard).stream()
                    .filter(content -> content.ids().contains(id))
                    .map(content -> content.images().get(content.ids().indexOf(id) * 3 + 1))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static List<Content> contents(ImageTransform transform, ShardOptions options) {
        try (ShardIterator shard = ShardIterator.training(
                TinyImages.share(PLAN, DEAL, 1).iterator(), PLAN, DEAL, 1, transform, TinyImages.SIZE, options)) {
            return drain(shard);
        }
    }

    private static List<Content> drain(Iterator<Microbatch> shard) {
        List<Content> contents = new ArrayList<>();
        shard.forEachRemaining(microbatch -> contents.add(Content.of(microbatch)));
        return contents;
    }

    /** Its transforms never end by themselves; {@code inside} counts them. */
    private static ShardIterator stuck(AtomicInteger inside) {
        CountDownLatch never = new CountDownLatch(1);
        ImageTransform waiting = (image, random, target, offset) -> {
            inside.incrementAndGet();
            try {
                never.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                inside.decrementAndGet();
            }
        };
        return ShardIterator.training(
                TinyImages.share(PLAN, DEAL, 0).iterator(),
                PLAN,
                DEAL,
                0,
                waiting,
                TinyImages.SIZE,
                options(2, 2, false));
    }

    private static ShardIterator training(
            Iterator<Tuple2<Long, byte[]>> samples, EpochPlan plan, WorkerDeal deal, int task) {
        return ShardIterator.training(
                samples, plan, deal, task, TinyImages.NUMBER, TinyImages.SIZE, options(2, 2, false));
    }

    private static ShardIterator evaluation(List<Tuple2<Long, byte[]>> samples, int batchSize) {
        return ShardIterator.evaluation(
                samples.iterator(), batchSize, TinyImages.NUMBER, TinyImages.SIZE, options(2, 2, false));
    }

    private static ShardOptions options(int threads, int prefetch, boolean skipCorrupt) {
        return new ShardOptions(threads, prefetch, skipCorrupt, id -> "row " + id + " of a.parquet");
    }
}
