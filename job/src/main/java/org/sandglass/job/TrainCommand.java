package org.sandglass.job;

import java.io.PrintWriter;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.doctor.Doctor;
import org.sandglass.job.report.Progress;
import org.sandglass.job.report.Summary;
import org.sandglass.job.train.Sessions;
import org.sandglass.job.train.TrainRequest;
import org.sandglass.job.train.Training;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code train}: trains a network, or goes on with a run that was stopped. */
@Command(
        name = "train",
        description = {
            "Train a network. The same command again goes on after the last checkpoint and ends with the same weights as"
                    + " a run that was never stopped."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass train --conf conf/cifar10-resnet20.conf --data cifar10/train --validation cifar10/test \\",
            "      --run runs/first",
            "  sandglass train --conf conf/imagenet-resnet50.conf --data hdfs:///imagenet/train \\",
            "      --run hdfs:///runs/r50 -- --master yarn --num-executors 16 --executor-cores 8"
        })
final class TrainCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Mixin
    private RecipeOptions recipe;

    @Spec
    private CommandSpec spec;

    @Option(names = "--data", required = true, paramLabel = "URI", description = "The training set's table.")
    private String data;

    @Option(
            names = "--validation",
            paramLabel = "URI",
            description = "A table on which the network is evaluated after every epoch.")
    private @Nullable String validation;

    @Option(
            names = "--run",
            required = true,
            paramLabel = "URI",
            description = "The run directory, new or to go on with.")
    private String run;

    @Override
    public void run() {
        Recipe resolved = Recipe.load(recipe.file(), recipe.overrides());
        Configuration hadoop = HadoopSettings.configuration();
        SampleTable.requirePresent(data, hadoop);
        if (validation != null) {
            SampleTable.requirePresent(validation, hadoop);
        }
        train(
                new TrainRequest(resolved, data, validation, run),
                spec.commandLine().getOut());
    }

    @SuppressWarnings("ClosingStandardOutputStreams") // Closing a Progress ends its bar, and leaves the stream open.
    static Summary train(TrainRequest request, PrintWriter out) {
        try (SparkSession session = Sessions.open("sandglass train " + request.run());
                Progress progress = Progress.to(System.out)) {
            return train(session, request, progress, out);
        }
    }

    static Summary train(SparkSession session, TrainRequest request, Progress progress, PrintWriter out) {
        Summary summary = Training.run(
                session,
                request,
                progress,
                () -> Doctor.require(
                        session, request.recipe(), new Doctor.Places(request.data(), request.run()), progress::note));
        progress.close();
        out.printf("%s after %d epochs", summary.status().name().toLowerCase(Locale.ROOT), summary.epochs());
        if (summary.top1Error() != null) {
            out.printf(Locale.ROOT, ": top-1 error %.2f %%", summary.top1Error());
        }
        out.printf("%nreport: %s%n", request.run() + (request.run().endsWith("/") ? "" : "/") + "report.html");
        return summary;
    }
}
