package org.sandglass.job;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.data.TableManifest;
import org.sandglass.job.data.prepare.GeneratedImages;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.report.Progress;
import org.sandglass.job.report.RunDirectory;
import org.sandglass.job.train.Sessions;
import org.sandglass.job.train.TrainRequest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code quickstart}: everything once, in minutes: images, training, evaluation, report. */
@Command(
        name = "quickstart",
        description = {
            "Draw a small labelled image set, train a small ResNet on two executors, evaluate it after every epoch and"
                    + " write the report. Takes a few minutes on two cores."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass quickstart",
            "  sandglass quickstart --run runs/first --set training.epochs=10"
        })
final class QuickstartCommand implements Runnable {

    // Whole minibatches: batch norm over the few samples of a short last one would shake the curves of so small a set.
    private static final int TRAIN_IMAGES = 5120;
    private static final int TEST_IMAGES = 1000;
    private static final String RECIPE = "quickstart.conf";

    @Mixin
    StandardOptions standard;

    @Mixin
    private RecipeOptions recipe;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--run",
            paramLabel = "URI",
            defaultValue = "sandglass-quickstart",
            description = "The run directory. Default: ${DEFAULT-VALUE}.")
    private String run;

    @Option(
            names = "--data",
            paramLabel = "URI",
            description =
                    "Where the images are, or are put: the tables train and test. Default: data in the run directory.")
    private @Nullable String data;

    @Override
    @SuppressWarnings("ClosingStandardOutputStreams") // Closing a Progress ends its bar, and leaves the stream open.
    public void run() {
        Recipe resolved = recipe.file() == null
                ? Recipe.parse(ownRecipe(), RECIPE, recipe.overrides())
                : Recipe.load(recipe.file(), recipe.overrides());
        PrintWriter out = spec.commandLine().getOut();
        String tables = data == null ? run + "/data" : data;
        try (SparkSession session = Sessions.open("sandglass quickstart " + run);
                Progress progress = Progress.to(System.out)) {
            Configuration hadoop = session.sparkContext().hadoopConfiguration();
            // An occupied directory is found before anything is written into it.
            RunDirectory.open(run, hadoop, resolved);
            GeneratedImages.Options images = new GeneratedImages.Options(tables, TRAIN_IMAGES, TEST_IMAGES, 0);
            prepare(session, images, data == null, out);
            TrainRequest request = new TrainRequest(resolved, tables + "/train", tables + "/test", run);
            TrainCommand.train(session, request, progress, out);
        }
    }

    /** @param own whether the tables are this command's own, and not at a place that the user named */
    static void prepare(SparkSession session, GeneratedImages.Options images, boolean own, PrintWriter out) {
        Configuration hadoop = session.sparkContext().hadoopConfiguration();
        String tables = images.out();
        if (isTable(hadoop, tables + "/train") && isTable(hadoop, tables + "/test")) {
            out.println("images: " + tables);
            return;
        }
        if (own) {
            removeUnfinished(hadoop, tables);
        }
        out.println("drawing " + (images.trainImages() + images.testImages()) + " images of 10 classes");
        PrepareCommand.print(GeneratedImages.run(session, images), out);
    }

    /** Removes what a quickstart that was killed while it drew has left: drawn tables, finished or not. */
    private static void removeUnfinished(Configuration hadoop, String tables) {
        for (String table : List.of(tables + "/test", tables + "/train")) {
            Path directory = new Path(table);
            try {
                FileSystem fileSystem = directory.getFileSystem(hadoop);
                boolean drawn = isTable(hadoop, table)
                        ? TableManifest.read(hadoop, table)
                                .orElseThrow()
                                .source()
                                .startsWith(GeneratedImages.SOURCE)
                        : fileSystem.exists(new Path(directory, TableManifest.UNFINISHED_FILE_NAME));
                if (drawn) {
                    fileSystem.delete(directory, true);
                }
            } catch (IOException e) {
                throw new JobFailure(
                        ExitCode.DATA, "Cannot remove an unfinished table: " + table + ": " + e.getMessage(), e);
            }
        }
    }

    /** Whether the manifest, which is written last, is there. */
    private static boolean isTable(Configuration hadoop, String uri) {
        Path manifest = new Path(uri, TableManifest.FILE_NAME);
        try {
            return manifest.getFileSystem(hadoop).exists(manifest);
        } catch (IOException e) {
            throw new JobFailure(ExitCode.DATA, "Cannot open " + manifest + ": " + e.getMessage(), e);
        }
    }

    private static String ownRecipe() {
        try (InputStream in = Objects.requireNonNull(QuickstartCommand.class.getResourceAsStream(RECIPE), RECIPE)) {
            return new String(in.readAllBytes(), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + RECIPE, e);
        }
    }
}
