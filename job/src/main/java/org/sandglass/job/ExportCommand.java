package org.sandglass.job;

import org.sandglass.job.checkpoint.CheckpointStore;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code export}: a checkpoint's network as a file that other programs read. */
@Command(
        name = "export",
        description = {
            "Export a checkpoint's network: safetensors with torchvision's parameter names, or an ONNX model for"
                    + " evaluation. Runs without Spark's executors."
        },
        footer = {
            "",
            "Examples:",
            "  sandglass export --checkpoint runs/first --format onnx --out resnet20.onnx",
            "  sandglass export --checkpoint runs/first --format safetensors --out resnet20.safetensors"
        })
final class ExportCommand implements Runnable {

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
            names = "--format",
            required = true,
            paramLabel = "FORMAT",
            description = "One of: ${COMPLETION-CANDIDATES}.")
    private ExportedFile.Format format;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The file to write; must not exist.")
    private String out;

    @Override
    public void run() {
        ExportedFile file = new ExportedFile(out);
        file.write(format, CheckpointStore.open(file.hadoop(), checkpoint));
        spec.commandLine().getOut().println(out);
    }
}
