package org.sandglass.job;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.CollectiveSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.plan.Calibration;
import org.sandglass.job.report.RunFiles;
import org.sandglass.job.train.Calibrating;
import org.sandglass.job.train.Sessions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code calibrate}: measures what a plan rests on. */
@Command(
        name = "calibrate",
        description = {
            "Measure a recipe's step, sums, decoding and exchange on the executors at hand, all tasks at once, and print the"
                    + " group calibration for a file that sandglass plan reads.",
            "",
            "What is summed goes over the network, also between tasks of one host. Over a link that is slower than the"
                    + " processors, the engine is as fast as the link: then calibrate on one host."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass calibrate --conf conf/cifar10-resnet20.conf --data cifar10/train --out calibration.conf",
            "  sandglass calibrate --conf conf/imagenet-resnet50.conf --data hdfs:///imagenet/train \\",
            "      --out calibration.conf -- --master yarn --num-executors 2 --executor-cores 8",
            "",
            "Then a file for sandglass plan has: include \"calibration.conf\", and its own group cluster."
        })
final class CalibrateCommand implements Runnable {

    /** What the others do between tasks of one host tells nothing of a network. */
    private static final Set<CollectiveSettings.Algorithm> OVER_THE_NETWORK =
            EnumSet.of(CollectiveSettings.Algorithm.RING, CollectiveSettings.Algorithm.HALVING_DOUBLING);

    @Mixin
    StandardOptions standard;

    @Mixin
    private RecipeOptions recipe;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            required = true,
            paramLabel = "URI",
            description = "The table that is exchanged, and some of whose images are decoded.")
    private String data;

    @Option(names = "--out", paramLabel = "FILE", description = "Where to write it. Default: standard output.")
    private @Nullable String out;

    @Override
    public void run() {
        Recipe resolved = recipe.resolve();
        if (!OVER_THE_NETWORK.contains(resolved.collective().algorithm())) {
            Map<String, String> overTheNetwork = new LinkedHashMap<>(recipe.overrides());
            overTheNetwork.put("collective.algorithm", "halving-doubling");
            resolved = Recipe.load(recipe.file(), overTheNetwork);
        }
        SampleTable.requirePresent(data, HadoopSettings.configuration());
        try (SparkSession session = Sessions.open("sandglass calibrate")) {
            Calibration calibration =
                    Calibrating.run(session, resolved, data, spec.commandLine().getErr()::println);
            String text = "# By sandglass calibrate: " + session.sparkContext().master() + System.lineSeparator()
                    + calibration.render();
            if (out == null) {
                spec.commandLine().getOut().print(text);
                spec.commandLine().getOut().flush();
            } else {
                RunFiles.write(String.valueOf(out), session.sparkContext().hadoopConfiguration(), text);
            }
        }
    }
}
