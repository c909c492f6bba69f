package org.sandglass.job;

import org.apache.spark.sql.SparkSession;
import org.sandglass.job.data.SampleTable;
import org.sandglass.job.train.Prediction;
import org.sandglass.job.train.Sessions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code predict}: a checkpoint's opinion of every image of a table. */
@Command(
        name = "predict",
        description = {
            "Predict the class of every image of a table. Writes a Parquet table with the columns id, path, label,"
                    + " prediction, className and probability."
        },
        footer = {"", "Example:", "  sandglass predict --checkpoint runs/first --data cifar10/test --out predictions"})
final class PredictCommand implements Runnable {

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

    @Option(
            names = "--data",
            required = true,
            paramLabel = "URI",
            description = "The table whose images are predicted.")
    private String data;

    @Option(names = "--out", required = true, paramLabel = "URI", description = "The table to write; must not exist.")
    private String out;

    @Override
    public void run() {
        SampleTable.requirePresent(data, HadoopSettings.configuration());
        try (SparkSession session = Sessions.open("sandglass predict " + checkpoint)) {
            long rows = Prediction.run(session, checkpoint, data, out);
            spec.commandLine().getOut().printf("%d predictions: %s%n", rows, out);
        }
    }
}
