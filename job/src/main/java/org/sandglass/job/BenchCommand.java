package org.sandglass.job;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code bench}: measures this machine. */
@Command(
        name = "bench",
        description = "Measure this machine, without Spark's executors.",
        synopsisSubcommandLabel = "WHAT",
        subcommands = {BenchStepCommand.class, BenchInputCommand.class},
        footer = {"", "Example:", "  sandglass bench step --model resnet50 --batch 32 --threads 2"})
final class BenchCommand implements Runnable {

    @Mixin
    StandardOptions standard;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing what to measure: step or input");
    }
}
