package org.sandglass.job;

import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.cluster.Finding;
import org.sandglass.job.cluster.SettingChecks;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.doctor.Doctor;
import org.sandglass.job.doctor.FindingsText;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.train.Sessions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code doctor}: whether a cluster can train a recipe, and what to change if not. */
@Command(
        name = "doctor",
        description = {
            "Examine Spark's settings, the file systems and every executor for a recipe, and say what to change. Nothing"
                    + " is trained. Exit code 4 if training could not start."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass doctor",
            "  sandglass doctor --conf conf/imagenet-resnet50.conf --data hdfs:///imagenet/train \\",
            "      --run hdfs:///runs/r50 -- --properties-file conf/spark-yarn.properties --num-executors 16",
            "  sandglass doctor --json -- --master spark://head:7077 | jq '.findings[] | select(.level != \"ok\")'"
        })
final class DoctorCommand implements Callable<Integer> {

    @Mixin
    StandardOptions standard;

    @Mixin
    private RecipeOptions recipe;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "URI",
            description = "The training set's table: is there disk enough to exchange it?")
    private @Nullable String data;

    @Option(
            names = "--run",
            paramLabel = "URI",
            description = "The run directory, made where it is missing: can every executor write checkpoints there?")
    private @Nullable String run;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    @Override
    public Integer call() {
        Recipe resolved = Recipe.load(recipe.file(), recipe.overrides());
        List<Finding> findings = examine(resolved);
        spec.commandLine().getOut().println(json ? FindingsText.json(findings) : FindingsText.text(findings));
        boolean failed = findings.stream().anyMatch(finding -> finding.level() == Finding.Level.ERROR);
        return (failed ? ExitCode.CLUSTER : ExitCode.DONE).code();
    }

    private List<Finding> examine(Recipe resolved) {
        List<Finding> settings = SettingChecks.of(Sessions.settings("sandglass doctor"), resolved);
        // Spark opens with too little memory; with any other error there is nothing more to learn from it.
        boolean opens = settings.stream()
                .allMatch(finding -> finding.level() != Finding.Level.ERROR
                        || finding.check().equals(SettingChecks.MEMORY));
        if (!opens) {
            return settings;
        }
        try (SparkSession session = Sessions.open("sandglass doctor")) {
            return Doctor.examine(session, resolved, new Doctor.Places(data, run));
        }
    }
}
