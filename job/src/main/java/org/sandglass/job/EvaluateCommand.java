package org.sandglass.job;

import java.util.Locale;
import org.apache.spark.sql.SparkSession;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.report.ValidationMetrics;
import org.sandglass.job.train.Evaluation;
import org.sandglass.job.train.Sessions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code evaluate}: the errors of a checkpoint on a table. */
@Command(
        name = "evaluate",
        description = "Evaluate a checkpoint on a table: loss, top-1 and top-5 error.",
        footer = {
            "",
            "Examples:",
            "  sandglass evaluate --checkpoint runs/first --data cifar10/test",
            "  sandglass evaluate --checkpoint runs/first/checkpoints/00005 --data cifar10/test"
        })
final class EvaluateCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "URI",
            description = "A checkpoint's directory, or a run's: its newest checkpoint.")
    private String checkpoint;

    @Option(names = "--data", required = true, paramLabel = "URI", description = "The table to evaluate on.")
    private String data;

    @Override
    public void run() {
        SampleTable.requirePresent(data, HadoopSettings.configuration());
        try (SparkSession session = Sessions.open("sandglass evaluate " + checkpoint)) {
            ValidationMetrics metrics = Evaluation.run(session, checkpoint, data);
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%d images  loss %.4f  top-1 error %.2f %%  top-5 error %.2f %%%n",
                            metrics.samples(),
                            metrics.loss(),
                            metrics.top1Error(),
                            metrics.top5Error());
        }
    }
}
