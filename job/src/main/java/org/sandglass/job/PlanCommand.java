package org.sandglass.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.sandglass.job.config.ClusterSettings;
import org.sandglass.job.config.PlanFile;
import org.sandglass.job.failure.JobFailure;
import org.sandglass.job.plan.ClusterPlan;
import org.sandglass.job.plan.MemoryPlan;
import org.sandglass.job.report.RunFiles;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code plan}: what a run will need, and how long it will take. */
@Command(
        name = "plan",
        description = {
            "Predict the resident memory of one of the recipe's tasks on this processor, without Spark's executors.",
            "A task has spark.task.cpus threads; an executor runs spark.executor.cores / spark.task.cpus tasks.",
            "",
            "Where the file has the groups cluster and calibration, also predict times: of an iteration, with overlap,"
                    + " bucket by bucket, of an epoch and of the whole run, against the number of workers; scaling"
                    + " efficiency, the link that is needed, and disk. Memory is left out where the cluster's devices are not"
                    + " processors (calibration.engine.onDevice = false). Of an experiment, the recipe that its settings start"
                    + " from is planned."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass plan --conf conf/imagenet-resnet50.conf",
            "  sandglass plan --conf conf/imagenet-resnet50.conf --set training.precision=bf16 --threads 8 --json",
            "  sandglass plan --conf conf/paper/cluster-2017.conf --set cluster.link.gbps=10 --out plan.html"
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

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "A page with efficiency and times against the number of workers.")
    private @Nullable String out;

    @Option(names = "--no-memory", description = "Leave out the memory, for which the network has to be compiled.")
    private boolean noMemory;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    @Override
    public void run() {
        if (classes < 0) {
            throw JobFailure.usage("Cannot plan: --classes must not be negative: " + classes);
        }
        if (threads <= 0) {
            throw JobFailure.usage("Cannot plan: --threads must be positive: " + threads);
        }
        PlanFile file = PlanFile.load(recipe.file(), recipe.overrides());
        Optional<ClusterSettings> cluster = file.cluster();
        if (cluster.isEmpty() && (noMemory || out != null)) {
            throw JobFailure.usage("Cannot plan: " + (recipe.file() == null ? "without --conf" : recipe.file())
                    + ": no groups cluster and calibration, and so nothing but memory; add them (conf/README.md, Clusters to"
                    + " plan for), or leave out " + (noMemory ? "--no-memory" : "--out"));
        }
        int byModel = file.recipe().model().name().startsWith("cifar") ? 10 : 1000;
        int outputs = classes == 0 ? byModel : classes;
        boolean processors = cluster.map(ClusterSettings::engineOnDevice).orElse(true);
        Optional<MemoryPlan> memory = noMemory || !processors
                ? Optional.empty()
                : Optional.of(MemoryPlan.of(file.recipe(), outputs, threads));
        Optional<ClusterPlan> plan = cluster.map(machines -> ClusterPlan.of(file.recipe(), machines, outputs));
        if (out != null) {
            RunFiles.write(
                    String.valueOf(out),
                    HadoopSettings.configuration(),
                    plan.orElseThrow().page(where(), cluster.orElseThrow()).render());
        }
        PrintWriter writer = spec.commandLine().getOut();
        if (json) {
            ObjectMapper mapper = new ObjectMapper();
            ObjectNode object = mapper.createObjectNode();
            memory.ifPresent(found -> {
                object.put("memoryBytes", found.bytes()).put("heapBytes", found.heapBytes());
                found.parts().forEach(object.putArray("parts")::addPOJO);
            });
            plan.ifPresent(found -> object.setAll((ObjectNode) mapper.valueToTree(found)));
            writer.println(object);
        } else {
            memory.ifPresent(found -> writer.print(found.table()));
            plan.ifPresent(found -> writer.print(found.table()));
            if (!noMemory && !processors) {
                writer.println("Memory is left out: what this processor needs tells nothing of the cluster's devices"
                        + " (calibration.engine.onDevice = false).");
            }
            writer.flush();
        }
    }

    /** The file, and what was set beside it. */
    private String where() {
        StringJoiner where = new StringJoiner(" ");
        where.add(recipe.file() == null ? "without --conf" : recipe.file());
        recipe.overrides().forEach((key, value) -> where.add("--set " + key + "=" + value));
        return where.toString();
    }
}
