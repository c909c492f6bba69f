package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ways for samples to reach their workers, on two executors of this host: none changes what is computed. */
@Tag("spark")
class ExchangeIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    @Test
    void shouldTrainTheSameFromHostsPacksEvenWhereTheyAreDamaged() throws IOException {
        Launcher.Result prepared = Launcher.run(
                directory.resolve("prepare.log"),
                "prepare",
                "noise",
                "--images",
                "203",
                "--bytes",
                "3000",
                "--files",
                "3",
                "--out",
                directory.resolve("data").toString());
        assertThat(prepared.exitCode()).as(prepared.output()).isZero();
        JsonNode exchanged = train("images", "exchange.mode=images");

        JsonNode kept = train("kept", "exchange.mode=references", "exchange.keepPacks=true");
        assertThat(kept.get("weightsSha256")).isEqualTo(exchanged.get("weightsSha256"));
        assertThat(kept.get("restarts").asInt()).isZero();
        Path segment = only(".segment");
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(file.length() / 2);
            int old = file.read();
            file.seek(file.length() / 2);
            file.write(~old);
        }

        JsonNode mended = train("mended", "exchange.mode=references");
        assertThat(mended.get("weightsSha256")).isEqualTo(exchanged.get("weightsSha256"));
        assertThat(mended.get("restarts").asInt()).isPositive();
        assertThat(segment.getParent()).doesNotExist();
    }

    /** Trains two epochs, and returns the summary. */
    private JsonNode train(String name, String... settings) throws IOException {
        Path run = directory.resolve(name);
        List<String> arguments = new ArrayList<>(
                List.of("train", "--data", directory.resolve("data").toString(), "--run", run.toString()));
        Stream.concat(
                        Stream.of(
                                "model.name=cifar-resnet8",
                                "training.workers=4",
                                "training.perWorkerBatchSize=8",
                                "training.epochs=2",
                                "failure.backoff=100ms",
                                "exchange.packDirectory=\"" + directory.resolve("packs") + "\""),
                        Stream.of(settings))
                .forEach(setting -> arguments.addAll(List.of("--set", setting)));
        Launcher.Result result = Launcher.run(directory.resolve(name + ".log"), arguments.toArray(String[]::new));
        assertThat(result.exitCode()).as(result.output()).isZero();
        JsonNode summary = JSON.readTree(run.resolve("summary.json").toFile());
        assertThat(summary.get("ledgerViolations").asInt()).isZero();
        return summary;
    }

    private Path only(String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("packs"))) {
            List<Path> found =
                    files.filter(file -> file.toString().endsWith(suffix)).toList();
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }
}
