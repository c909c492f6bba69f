package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import scala.Tuple2;

/** The pack of a host: whole, in part, damaged, and shared. */
@Tag("spark")
class HostPackTest {

    private static final int SAMPLES = 101;
    private static final int FILES = 5;

    @TempDir
    private Path directory;

    @Test
    void shouldHoldEverySampleOfNestedAndFlatTablesAndOfFilesWithoutRows() {
        SampleTable nested = table();
        assertThat(packed(nested, plan(nested))).isEqualTo(exchanged(nested));

        Path flatFiles = directory.resolve("flat");
        SampleTables.write(flatFiles.resolve("a.parquet"), SampleTables.flat(), List.of());
        SampleTables.write(
                flatFiles.resolve("b.parquet"),
                SampleTables.flat(),
                List.of(SampleTables.flatRow(new byte[] {1, 2}, 3L), SampleTables.flatRow(new byte[0], 0L)));
        SampleTables.write(flatFiles.resolve("c.parquet"), SampleTables.flat(), List.of());
        SampleTable flat = open(flatFiles);
        assertThat(packed(flat, plan(flat))).isEqualTo(exchanged(flat));
    }

    @Test
    void shouldGiveTasksWhatAnExchangeGivesThem() {
        SampleTable table = table();
        PackOrder pack = table.pack(directory.resolve("packs").toString());
        pack.complete(hadoop(), () -> false);
        // A short last iteration, in which some workers have no sample.
        EpochPlan plan = new EpochPlan(SAMPLES, 7, 5, 3, 2);
        EpochPlan wrong = new EpochPlan(SAMPLES, 7, 5, 3, 2, true);
        WorkerDeal deal = new WorkerDeal(7, 3);

        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(LocalSpark.session().sparkContext());
        for (EpochPlan either : List.of(plan, wrong)) {
            assertThat(text(Exchange.references(spark, pack, either, deal).collect()))
                    .isEqualTo(text(Exchange.shuffle(table, either, deal).collect()));
        }

        assertThat(pack.delete()).isTrue();
        assertThat(directory.resolve("packs").resolve(pack.plan().identity())).doesNotExist();
        assertThatThrownBy(() -> new PackedSamples(pack.plan(), plan, deal, 0))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("No whole pack on this host");
    }

    @Test
    void shouldBuildAgainWhatIsCutOrDamagedAndNothingElse() throws IOException {
        SampleTable table = table();
        PackPlan plan = plan(table);
        assertThat(builder(table, plan).complete()).isEqualTo(FILES);
        assertThat(builder(table, plan).complete()).isZero();

        Path cut = plan.path(plan.segments()[1]);
        try (RandomAccessFile file = new RandomAccessFile(cut.toFile(), "rw")) {
            file.setLength(file.length() - 1);
        }
        Path dead = cut.resolveSibling(cut.getFileName() + ".scratch-of-one-that-died");
        Files.write(dead, new byte[100]);
        assertThat(builder(table, plan).complete()).isEqualTo(1);
        assertThat(dead).doesNotExist();

        PackPlan.Segment segment = plan.segments()[3];
        Path damaged = plan.path(segment);
        flip(damaged, 0);
        HostPack.forget(plan);
        HostPack pack = Objects.requireNonNull(HostPack.open(plan));
        assertThat(pack.read(segment.firstId() + 1)).isNotEmpty();
        assertThatThrownBy(() -> pack.read(segment.firstId()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("record")
                .hasMessageContaining("has changed");
        assertThat(damaged).doesNotExist();
        assertThat(HostPack.open(plan)).isNull();
        assertThat(builder(table, plan).complete()).isEqualTo(1);
        assertThat(packed(table, plan)).isEqualTo(exchanged(table));
    }

    @Test
    void shouldNoticeAnyByteThatChanges() throws IOException {
        SampleTable table = table();
        PackPlan plan = plan(table);
        builder(table, plan).complete();
        PackPlan.Segment segment = plan.segments()[2];
        Path file = plan.path(segment);
        for (long at = 0; at < Files.size(file); at++) {
            flip(file, at);
            assertThatExceptionOfType(PackSegment.Damaged.class)
                    .as("byte " + at)
                    .isThrownBy(() -> {
                        PackSegment opened = PackSegment.open(file, segment.samples());
                        for (int i = 0; i < segment.samples(); i++) {
                            opened.read(i);
                        }
                    });
            flip(file, at);
        }
    }

    @Test
    void shouldBuildEverySegmentOnceWhenTasksBuildTogether() {
        SampleTable table = table();
        PackPlan plan = plan(table);
        ExecutorService tasks = Executors.newFixedThreadPool(3);
        try {
            List<CompletableFuture<Integer>> building = IntStream.range(0, 3)
                    .mapToObj(task -> CompletableFuture.supplyAsync(builder(table, plan)::complete, tasks))
                    .toList();
            assertThat(building.stream().mapToInt(CompletableFuture::join).sum())
                    .isEqualTo(FILES);
        } finally {
            tasks.shutdownNow();
        }
        assertThat(packed(table, plan)).isEqualTo(exchanged(table));
    }

    @Test
    void shouldRefuseToBeginWhereThereIsNoRoom() {
        SampleTable table = table();
        PackPlan real = plan(table);
        PackPlan.Segment[] huge = {new PackPlan.Segment(0, 0, FILES, 0, SAMPLES, 1L << 60)};
        PackPlan plan = new PackPlan(real.identity(), real.directory(), huge);
        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> builder(table, plan).complete())
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.CLUSTER))
                .withMessageContaining("GB more, and the disk has")
                .withMessageContaining("exchange.packDirectory");
    }

    @Test
    void shouldNameAFileThatHasGone() throws IOException {
        SampleTable table = table();
        PackPlan plan = plan(table);
        Files.delete(directory.resolve("table/part-00002.parquet"));
        assertThatExceptionOfType(JobFailure.class)
                .isThrownBy(() -> builder(table, plan).complete())
                .satisfies(failure -> assertThat(failure.exitCode()).isEqualTo(ExitCode.DATA))
                .withMessageContaining("part-00002.parquet");
    }

    @Test
    void shouldHaveAnotherIdentityWhenAFileChanges() {
        SampleTable table = table();
        String before = plan(table).identity();
        assertThat(plan(open(directory.resolve("table"))).identity()).isEqualTo(before);
        assertThat(directory.resolve("table/part-00001.parquet").toFile().setLastModified(1_000_000))
                .isTrue();
        assertThat(plan(open(directory.resolve("table"))).identity()).isNotEqualTo(before);
    }

    private SampleTable table() {
        return open(SampleTables.numberedTable(directory.resolve("table"), SAMPLES, 4, FILES));
    }

    private static SampleTable open(Path files) {
        return SampleTable.open(LocalSpark.session(), files.toString());
    }

    /** With a segment for each file that has rows. */
    private PackPlan plan(SampleTable table) {
        return PackPlan.of(
                table.uri(), table.files(), directory.resolve("packs").toString(), 1);
    }

    private PackBuilder builder(SampleTable table, PackPlan plan) {
        PackBuilder builder = new PackBuilder(
                plan, table.index().value(), table.classes(), hadoop(), () -> false, Duration.ofSeconds(10));
        builder.prepare();
        return builder;
    }

    private List<String> packed(SampleTable table, PackPlan plan) {
        builder(table, plan).complete();
        HostPack pack = Objects.requireNonNull(HostPack.open(plan));
        List<Tuple2<Long, byte[]>> samples = new ArrayList<>();
        for (long id = 0; id < table.samples(); id++) {
            samples.add(new Tuple2<>(id, pack.read(id)));
        }
        return text(samples);
    }

    private static List<String> exchanged(SampleTable table) {
        return text(Exchange.inOrder(table, 2).collect());
    }

    private static List<String> text(List<Tuple2<Long, byte[]>> samples) {
        return samples.stream()
                .map(sample -> {
                    EncodedSample unpacked = EncodedSample.unpack(sample._2());
                    return "%d %d %d %s %s"
                            .formatted(
                                    sample._1(),
                                    unpacked.id(),
                                    unpacked.label(),
                                    unpacked.path(),
                                    java.util.HexFormat.of().formatHex(unpacked.image()));
                })
                .toList();
    }

    private static void flip(Path file, long at) throws IOException {
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.seek(at);
            int old = access.read();
            access.seek(at);
            access.write(old ^ 0x10);
        }
    }

    private static org.apache.hadoop.conf.Configuration hadoop() {
        return LocalSpark.session().sparkContext().hadoopConfiguration();
    }
}
