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
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.bench.StepBench;
import org.sandglass.job.bench.StepCase;
import org.sandglass.job.bench.StepProfile;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.ops.tensor.DataType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench step}: whole training steps. */
@Command(
        name = "step",
        description = {
            "Time whole training steps: input, forward, backward, update. One process, no communication.",
            "Another program may share the processors: use taskset and OMP_WAIT_POLICY as executors would."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass bench step --model cifar-resnet20 --batch 128 --threads 1",
            "  sandglass bench step --model resnet50 --precision bf16 --profile",
            "  sandglass bench step --model resnet50 --images photos/ --json"
        })
final class BenchStepCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--model",
            defaultValue = "resnet50",
            paramLabel = "NAME",
            description = "Default: ${DEFAULT-VALUE}.")
    private String model;

    @Option(
            names = "--batch",
            defaultValue = "32",
            paramLabel = "N",
            description = "Samples. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(names = "--threads", paramLabel = "N", description = "Default: this process's processors.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--precision",
            defaultValue = "f32",
            paramLabel = "TYPE",
            description = "f32 or bf16. Default: f32.")
    private DataType precision;

    @Option(
            names = "--images",
            paramLabel = "DIRECTORY",
            description = "Decode and augment these JPEGs and PNGs. Default: noise that is there already.")
    private @Nullable Path images;

    @Option(names = "--warmup", defaultValue = "2", paramLabel = "N", description = "Steps before. Default: 2.")
    private int warmup;

    @Option(names = "--steps", defaultValue = "5", paramLabel = "N", description = "Steps to time. Default: 5.")
    private int steps;

    @Option(names = "--profile", description = "Show what each layer takes.")
    private boolean profile;

    @Option(names = "--json", description = "Print JSON lines.")
    private boolean json;

    @Option(
            names = "--on-request",
            description = "Time the steps anew for every line on standard input: to take turns with another program.")
    private boolean onRequest;

    @Override
    public void run() {
        if (warmup < 0 || steps <= 0) {
            throw JobFailure.usage("Cannot measure: steps=%d warmup=%d".formatted(steps, warmup));
        }
        PrintWriter out = spec.commandLine().getOut();
        try (StepBench bench = StepBench.open(new StepCase(model, batch, threads, precision, images))) {
            bench.run(warmup);
            if (!onRequest) {
                double[] seconds = bench.run(steps);
                print(bench, seconds, profile ? bench.profile(steps) : null, out);
                return;
            }
            BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            out.println("ready");
            for (String line = requests.readLine(); line != null; line = requests.readLine()) {
                double[] seconds = bench.run(steps);
                print(bench, seconds, line.equals("profile") ? bench.profile(steps) : null, out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void print(StepBench bench, double[] seconds, @Nullable StepProfile layers, PrintWriter out) {
        double[] sorted = seconds.clone();
        Arrays.sort(sorted);
        double median = sorted[sorted.length / 2];
        if (!json) {
            out.println(bench.device());
            out.printf(
                    Locale.ROOT,
                    "%s, %s, %d samples: median %.1f ms = %.1f images/s, best %.1f ms of %d%n",
                    model,
                    precision.name().toLowerCase(Locale.ROOT),
                    batch,
                    median * 1e3,
                    batch / median,
                    sorted[0] * 1e3,
                    sorted.length);
            if (layers != null) {
                out.print(layers.table());
                out.printf(
                        Locale.ROOT,
                        "the convolutions' own time is %.0f%% of the step%n",
                        100 * layers.convolutionSeconds() / median);
                out.flush();
            }
            return;
        }
        ObjectNode line = new ObjectMapper().createObjectNode();
        line.put("model", model).put("batch", batch).put("threads", threads);
        line.put("precision", precision.name().toLowerCase(Locale.ROOT)).put("device", bench.device());
        line.put("imagesPerSecond", batch / median);
        Arrays.stream(seconds).forEach(line.putArray("seconds")::add);
        if (layers != null) {
            line.put("peakFlops", layers.peakFlops());
            line.put("convolutionSeconds", layers.convolutionSeconds());
            line.put("convolutionShare", layers.convolutionSeconds() / median);
            layers.layers().forEach(line.putArray("layers")::addPOJO);
        }
        out.println(line);
    }
}
