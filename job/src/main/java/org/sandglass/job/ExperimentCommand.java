package org.sandglass.job;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Experiment;
import org.sandglass.job.experiment.ExperimentData;
import org.sandglass.job.experiment.ExperimentQueue;
import org.sandglass.job.experiment.ExperimentReport;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.Progress;
import org.sandglass.job.report.RunFiles;
import org.sandglass.job.train.Sessions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code experiment}: settings against each other. */
@Command(
        name = "experiment",
        description = "Run the settings of an experiment with several seeds, and report what came of it.",
        synopsisSubcommandLabel = "WHAT",
        subcommands = {ExperimentCommand.Run.class, ExperimentCommand.Report.class},
        footer = {
            "",
            "Examples:",
            "  sandglass experiment run conf/paper/warmup-cpu.conf --seeds 3",
            "  sandglass experiment report runs/warmup-cpu"
        })
final class ExperimentCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing what to do: run or report");
    }

    /** {@code experiment run}: the queue. */
    @Command(
            name = "run",
            description = {
                "Train every setting of an experiment with every seed, in one Spark application, each in a run directory"
                        + " of its own, and write the report after each.",
                "With --resume the same command goes on after it was killed, and runs what is missing."
            },
            footer = {
                "",
                "Examples:",
                "  sandglass experiment run conf/paper/warmup-cpu.conf",
                "  sandglass experiment run conf/paper/minibatch-cpu.conf --seeds 3 --resume \\",
                "      --data tables/cifar10/train --validation tables/cifar10/test --set training.precision=bf16",
                "  sandglass experiment run conf/paper/zero-gamma-cpu.conf --reuse runs/warmup-cpu"
            })
    static final class Run implements Runnable {

        @Mixin
        StandardOptions standard;

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "FILE", description = "The experiment: a recipe with a group experiment.")
        private String file;

        @Option(
                names = "--set",
                paramLabel = "KEY=VALUE",
                description = "A key of the recipe that wins over the file's in all settings. Repeatable.")
        private Map<String, String> overrides = new LinkedHashMap<>();

        @Option(
                names = "--seeds",
                paramLabel = "N",
                defaultValue = "5",
                description = "Seeds 0 to N - 1 for each setting. Default: ${DEFAULT-VALUE}.")
        private int seeds;

        @Option(names = "--only", paramLabel = "SETTING", description = "Run this setting and no other. Repeatable.")
        private List<String> only = new ArrayList<>();

        @Option(names = "--data", paramLabel = "URI", description = "The training table; as --table train=URI.")
        private @Nullable String data;

        @Option(
                names = "--validation",
                paramLabel = "URI",
                description = "The validation table; as --table validation=URI.")
        private @Nullable String validation;

        @Option(
                names = "--table",
                paramLabel = "NAME=URI",
                description = "Where a table of the experiment is, if not where its file says. Repeatable.")
        private Map<String, String> tables = new LinkedHashMap<>();

        @Option(
                names = "--out",
                paramLabel = "URI",
                description = "The directory for all runs and the report. Default: runs/ and the experiment's name.")
        private @Nullable String out;

        @Option(
                names = "--reuse",
                paramLabel = "URI",
                description = {
                    "The directory of another experiment's runs on the same tables: runs of equal recipes are taken over"
                            + " instead of run again. Repeatable."
                })
        private List<String> reuse = new ArrayList<>();

        @Option(names = "--resume", description = "Go on with what is there.")
        private boolean resume;

        @Override
        @SuppressWarnings(
                "ClosingStandardOutputStreams") // Closing a Progress ends its bar, and leaves the stream open.
        public void run() {
            if (seeds <= 0) {
                throw JobFailure.usage("Cannot run experiment: --seeds must be positive: " + seeds);
            }
            Experiment experiment = Experiment.load(file, overrides);
            Map<String, String> places = places(experiment);
            String directory = out == null ? "runs/" + experiment.name() : out;
            ExperimentQueue queue = new ExperimentQueue(
                    experiment,
                    new ExperimentQueue.Order(
                            places, only, LongStream.range(0, seeds).boxed().toList(), reuse, directory, resume),
                    HadoopSettings.configuration());
            queue.check();
            try (SparkSession session = Sessions.open("sandglass experiment " + experiment.name());
                    Progress progress = Progress.to(System.out)) {
                queue.run(session, progress);
            }
            spec.commandLine().getOut().println("report: " + directory + "/report.html");
        }

        private Map<String, String> places(Experiment experiment) {
            Map<String, String> places = new LinkedHashMap<>(experiment.tables());
            places.putAll(tables);
            if (data != null) {
                places.put(Experiment.TRAIN, data);
            }
            if (validation != null) {
                places.put(Experiment.VALIDATION, validation);
            }
            return places;
        }
    }

    /** {@code experiment report}: tables and figures. */
    @Command(
            name = "report",
            description = {
                "Write an experiment's tables and figures: data.json, table.csv, table.md, SVG files and report.html.",
                "The source may be a queue that still runs, or a data.json that was kept."
            },
            footer = {
                "",
                "Examples:",
                "  sandglass experiment report runs/warmup-cpu",
                "  sandglass experiment report conf/paper/results/warmup-cpu.json --out warmup-cpu"
            })
    static final class Report implements Runnable {

        @Mixin
        StandardOptions standard;

        @Spec
        private CommandSpec spec;

        @Parameters(paramLabel = "SOURCE", description = "The directory of an experiment's runs, or its data file.")
        private String source;

        @Option(names = "--out", paramLabel = "URI", description = "The directory to write. Default: that of the runs.")
        private @Nullable String out;

        @Override
        public void run() {
            Configuration hadoop = HadoopSettings.configuration();
            ExperimentData data = ExperimentData.read(source, hadoop);
            if (out == null && source.endsWith(".json")) {
                throw JobFailure.usage("Cannot report " + source + ": is a file; say where to write with --out");
            }
            String directory = out == null ? source : out;
            String page = ExperimentReport.write(data, new RunFiles(directory, hadoop));
            spec.commandLine().getOut().println("report: " + directory + "/" + page);
        }
    }
}
