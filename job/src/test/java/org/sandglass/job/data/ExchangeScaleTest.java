package org.sandglass.job.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables that are cut unevenly, and what an exchange leaves behind on the way. */
@Tag("spark")
class ExchangeScaleTest {

    @TempDir
    private Path directory;

    @Test
    void shouldReadTenThousandTinyFilesWithFewTasks() throws IOException {
        Path one = directory.resolve("one.parquet");
        SampleTables.write(one, SampleTables.nested(), SampleTables.numbered(0, 3, 2));
        Path none = directory.resolve("none.parquet");
        SampleTables.write(none, SampleTables.nested(), List.of());
        Path table = Files.createDirectories(directory.resolve("table"));
        for (int file = 0; file < 10_000; file++) {
            Files.createLink(table.resolve("%05d.parquet".formatted(file)), file % 10 == 7 ? none : one);
        }

        SampleTable opened = open(table);

        assertThat(opened.samples()).isEqualTo(27_000);
        assertThat(opened.rows().getNumPartitions()).isLessThan(400);
        JavaPairRDD<Long, byte[]> exchange = shuffle(opened, 2);
        assertThat(ids(exchange)).isEqualTo(allOf(opened));
        exchange.rdd().cleanShuffleDependencies(true);
    }

    @Test
    void shouldDealAHugeFileToTasksByItsRowGroups() {
        byte[] image = new byte[10_000];
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            new Random(i).nextBytes(image);
            rows.add(SampleTables.nestedRow(image.clone(), "", 0));
        }
        LocalSpark.session().sparkContext().hadoopConfiguration().setInt("parquet.block.size", 1 << 20);
        try {
            SampleTables.write(directory.resolve("huge/a.parquet"), SampleTables.nested(), rows);
        } finally {
            LocalSpark.session().sparkContext().hadoopConfiguration().unset("parquet.block.size");
        }

        SampleTable table = open(directory.resolve("huge"));

        assertThat(table.rowGroupBytes()).isBetween(900_000L, 1_500_000L);
        assertThat(table.imageBytes()).isBetween(20_000_000L, 20_100_000L);
        List<Long> dealt = table.rows()
                .mapPartitions(part -> Stream.of(count(part)).iterator())
                .collect();
        assertThat(dealt).hasSizeBetween(2, 6).allSatisfy(count -> assertThat(count)
                .isBetween(2_000L / dealt.size() - 250, 2_000L / dealt.size() + 250));
    }

    @Test
    void shouldNotReadTheTableAgainOnceTheExchangeHasRun() throws IOException {
        Path path = SampleTables.numberedTable(directory.resolve("table"), 100, 5, 4);
        SampleTable table = open(path);
        JavaPairRDD<Long, byte[]> exchange = shuffle(table, 5);

        Exchange.run(exchange);
        try (Stream<Path> files = Files.list(path)) {
            files.filter(Files::isRegularFile).forEach(ExchangeScaleTest::delete);
        }

        Exchange.run(exchange);
        assertThat(ids(exchange)).isEqualTo(allOf(table));
        assertThat(exchange.values()
                        .map(packed -> {
                            EncodedSample sample = EncodedSample.unpack(packed);
                            return new String(sample.image(), StandardCharsets.UTF_8).equals("image " + sample.id());
                        })
                        .distinct()
                        .collect())
                .containsExactly(true);
    }

    @Test
    void shouldReadWithNoMoreTasksThanSlotsAreSpare() {
        SampleTable table = open(SampleTables.numberedTable(directory.resolve("table"), 100, 5, 4));
        EpochPlan plan = new EpochPlan(100, 4, 5, 1, 1);

        JavaPairRDD<Long, byte[]> aside = Exchange.shuffleAside(table, plan, new WorkerDeal(4, 2), 1);

        assertThat(aside.rdd().dependencies().head().rdd().getNumPartitions()).isEqualTo(1);
        assertThat(keys(aside)).isEqualTo(keys(shuffle(table, 1)));
    }

    @Test
    void shouldCutLargeSharesIntoSections() {
        SampleTable table = open(SampleTables.numberedTable(directory.resolve("table"), 100, 5, 1));
        assertThat(Exchange.sections(table, 2)).isEqualTo(1);
        long imageNet = 1_281_167 * (110L << 10);
        int sections = Exchange.sections(imageNet, 1_281_167, 16);
        assertThat(imageNet / 16 / sections).isBetween(Exchange.SECTION_BYTES * 9 / 10, Exchange.SECTION_BYTES);
        assertThat(Exchange.sections(0, 1L << 32, 16)).isGreaterThan(100);
    }

    private static JavaPairRDD<Long, byte[]> shuffle(SampleTable table, int sections) {
        EpochPlan plan = new EpochPlan(table.samples(), 4, 5, 1, 1);
        return Exchange.shuffle(table, plan, new WorkerDeal(4, 2), sections);
    }

    private static List<String> keys(JavaPairRDD<Long, byte[]> samples) {
        return samples.map(sample -> String.valueOf(sample._1())).collect();
    }

    private static List<Long> ids(JavaPairRDD<Long, byte[]> samples) {
        return samples.map(sample -> EncodedSample.unpack(sample._2()).id()).collect().stream()
                .sorted()
                .toList();
    }

    private static List<Long> allOf(SampleTable table) {
        return LongStream.range(0, table.samples()).boxed().toList();
    }

    private static long count(java.util.Iterator<Row> rows) {
        long count = 0;
        while (rows.hasNext()) {
            rows.next();
            count++;
        }
        return count;
    }

    private static SampleTable open(Path path) {
        return SampleTable.open(LocalSpark.session(), path.toString());
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
