package org.sandglass.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.bench.InputBench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench input}: images to tensors. */
@Command(
        name = "input",
        description =
                "Time the way of images to the network's input: decode, crop, resize, flip, normalise. One thread.",
        footer = {"", "Example:", "  sandglass bench input --images photos/ --transform evaluation"})
final class BenchInputCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Mixin
    private RecipeOptions recipe;

    @Spec
    private CommandSpec spec;

    @Option(names = "--images", required = true, paramLabel = "DIRECTORY", description = "JPEGs and PNGs, read once.")
    private Path images;

    @Option(
            names = "--transform",
            defaultValue = "training",
            paramLabel = "WHICH",
            description = "One of: ${COMPLETION-CANDIDATES}. Default: training.")
    private InputBench.Transform transform;

    @Option(
            names = "--levels",
            paramLabel = "FILE",
            description = "Write the 8-bit levels of all images, channel by channel, in the order of their paths.")
    private @Nullable Path levels;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            paramLabel = "N",
            description = "Times over all images. Default: 5.")
    private int rounds;

    @Option(names = "--json", description = "Print JSON lines.")
    private boolean json;

    @Option(
            names = "--on-request",
            description = "Time a round for every line on standard input: to take turns with another program.")
    private boolean onRequest;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        try (InputBench bench =
                InputBench.open(images, transform, recipe.resolve().augmentation())) {
            if (levels != null) {
                bench.writeLevels(levels);
            }
            // The first rounds are the compiler's.
            bench.round();
            bench.round();
            if (!onRequest) {
                for (int i = 0; i < rounds; i++) {
                    print(bench, bench.round(), out);
                }
                return;
            }
            BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            out.println("ready");
            while (requests.readLine() != null) {
                print(bench, bench.round(), out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void print(InputBench bench, double seconds, PrintWriter out) {
        if (json) {
            ObjectNode line = new ObjectMapper().createObjectNode();
            out.println(line.put("images", bench.images()).put("seconds", seconds));
        } else {
            out.printf(
                    Locale.ROOT,
                    "%d images in %.3f s of processor time: %.0f images/s%n",
                    bench.images(),
                    seconds,
                    bench.images() / seconds);
        }
    }
}
