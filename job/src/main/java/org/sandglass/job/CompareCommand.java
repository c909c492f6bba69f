package org.sandglass.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.experiment.Comparison;
import org.sandglass.job.experiment.ComparisonPage;
import org.sandglass.job.experiment.ExperimentData;
import org.sandglass.job.experiment.RunGroup;
import org.sandglass.job.experiment.SeedRun;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.RecordedRun;
import org.sandglass.job.report.RunFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code compare}: whether training curves coincide. */
@Command(
        name = "compare",
        description = {
            "Align runs by the samples that they have seen, draw their curves, and say from which epoch on they coincide"
                    + " with the baseline's within the seeds' spread, or that they don't.",
            "",
            "Runs may be under way: a large minibatch's training curve tells early whether it will match."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass compare runs/warmup/small runs/warmup/gradual runs/warmup/none",
            "  sandglass compare runs/first runs/second --spread 0.2 --out second.html"
        })
final class CompareCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Spec
    private CommandSpec spec;

    @Parameters(
            index = "0",
            paramLabel = "BASELINE",
            description = "A run's directory, or one of which each subdirectory is a run with another seed.")
    private String baseline;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "RUN", description = "Likewise, to be compared.")
    private List<String> runs = List.of();

    @Option(
            names = "--spread",
            paramLabel = "PERCENT",
            description = "Standard deviation of the error between seeds, instead of what the runs tell.")
    private @Nullable Double spread;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            defaultValue = "compare.html",
            description = "The page with the curves. Default: ${DEFAULT-VALUE}.")
    private String out;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    @Override
    public void run() {
        if (spread != null && !(spread > 0)) {
            throw JobFailure.usage("Cannot compare: --spread must be above 0: " + spread);
        }
        Configuration hadoop = HadoopSettings.configuration();
        Map<String, RunGroup> groups = new LinkedHashMap<>();
        List<String> places = new ArrayList<>(List.of(baseline));
        places.addAll(runs);
        if (places.stream().map(Path::new).distinct().count() < places.size()) {
            throw JobFailure.usage("Cannot compare: a directory is given twice: " + String.join(" ", places));
        }
        places.forEach(place -> groups.put(place, group(place, places, hadoop)));
        RunGroup first = groups.values().iterator().next();
        List<RunGroup> others = groups.values().stream().skip(1).toList();
        OptionalDouble deviation = spread == null ? OptionalDouble.empty() : OptionalDouble.of(spread);
        List<Comparison> comparisons = new ArrayList<>();
        for (RunGroup other : others) {
            comparisons.add(Comparison.ofTraining(first, other, deviation));
            Comparison validation = Comparison.ofValidation(first, other, deviation);
            if (!validation.epochs().isEmpty()) {
                comparisons.add(validation);
            }
        }
        RunFiles.write(
                out, hadoop, ComparisonPage.of(first, others, comparisons).render());
        print(comparisons);
    }

    private void print(List<Comparison> comparisons) {
        PrintWriter writer = spec.commandLine().getOut();
        if (json) {
            writer.println(new ObjectMapper()
                    .createObjectNode()
                    .put("page", out)
                    .set("comparisons", new ObjectMapper().valueToTree(comparisons)));
        } else {
            comparisons.forEach(comparison -> writer.println(comparison.verdict()));
            if (!comparisons.stream().allMatch(comparison -> comparison.known() || comparison.baselineLost() > 0)) {
                writer.println("to judge: give directories of several seeds' runs, or --spread");
            }
            writer.println("curves: " + out);
        }
    }

    private static RunGroup group(String place, List<String> places, Configuration hadoop) {
        List<String> settings = ExperimentData.settingsOf(place, hadoop);
        if (!settings.isEmpty()) {
            throw JobFailure.usage("Cannot compare " + place + ": holds an experiment; give its settings, which are "
                    + String.join(" ", settings));
        }
        String name = new Path(place).getName();
        boolean unique = places.stream()
                        .filter(other -> new Path(other).getName().equals(name))
                        .count()
                == 1;
        return new RunGroup(
                unique ? name : place,
                RecordedRun.readAll(place, hadoop).stream().map(SeedRun::of).toList());
    }
}
