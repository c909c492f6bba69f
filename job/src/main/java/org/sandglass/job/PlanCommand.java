package org.sandglass.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.plan.MemoryPlan;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code plan}: what a run will need. */
@Command(
        name = "plan",
        description = {
            "Predict the resident memory of one of the recipe's tasks on this processor, without Spark's executors.",
            "A task has spark.task.cpus threads; an executor runs spark.executor.cores / spark.task.cpus tasks."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass plan --conf conf/imagenet-resnet50.conf",
            "  sandglass plan --conf conf/imagenet-resnet50.conf --set training.precision=bf16 --threads 8 --json"
        })
final class PlanCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Mixin
    private RecipeOptions recipe;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--classes",
            paramLabel = "N",
            description = "Classes of the training set. Default: 1000, or 10 for CIFAR's networks.")
    private int classes;

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads of a task: spark.task.cpus. Default: ${DEFAULT-VALUE}.")
    private int threads;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    @Override
    public void run() {
        if (classes < 0 || threads <= 0) {
            throw JobFailure.usage("Cannot plan: classes=%d threads=%d".formatted(classes, threads));
        }
        Recipe resolved = recipe.resolve();
        int byModel = resolved.model().name().startsWith("cifar") ? 10 : 1000;
        MemoryPlan memory = MemoryPlan.of(resolved, classes == 0 ? byModel : classes, threads);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            ObjectNode object = new ObjectMapper().createObjectNode();
            object.put("memoryBytes", memory.bytes()).put("heapBytes", memory.heapBytes());
            memory.parts().forEach(object.putArray("parts")::addPOJO);
            out.println(object);
        } else {
            out.print(memory.table());
            out.flush();
        }
    }
}
