package org.sandglass.job;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import org.sandglass.job.failure.ExitCode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program: large-minibatch SGD on Spark, from the command line. */
@Command(
        name = "sandglass",
        description = {
            "Large-minibatch SGD for image classification on Apache Spark.",
            "",
            "A checkpoint, a table or a run directory is a URI of any file system that Hadoop knows, or a path."
        },
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Start with:",
            "  sandglass quickstart",
            "",
            "Options for Spark stand after --, for example: sandglass train ... -- --master yarn --num-executors 8",
            "",
            "Exit codes: 0 done, 2 usage or configuration, 3 data, 4 cluster, 5 training diverged, 1 anything else."
        },
        subcommands = {
            QuickstartCommand.class,
            PrepareCommand.class,
            TrainCommand.class,
            EvaluateCommand.class,
            PredictCommand.class,
            ExportCommand.class,
            DoctorCommand.class,
            CalibrateCommand.class,
            PlanCommand.class,
            CompareCommand.class,
            ExperimentCommand.class,
            BenchCommand.class
        })
public final class Sandglass implements Runnable {

    @Mixin
    StandardOptions standard;

    @Spec
    private CommandSpec spec;

    private Sandglass() {}

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    /** Runs a command and ends the process with the exit code of the contract. */
    public static void main(String[] args) {
        QuietLogging.apply();
        // Whatever the locale: the progress bar and the × of a minibatch are not ASCII.
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, UTF_8));
        int code = run(args, new PrintWriter(System.out, true, UTF_8), new PrintWriter(System.err, true, UTF_8));
        // The application master of cluster mode takes an exit before main returns for a failure.
        boolean inApplicationMaster = "cluster".equals(System.getProperty("spark.submit.deployMode"));
        if (code != ExitCode.DONE.code() || !inApplicationMaster) {
            System.exit(code);
        }
    }

    /** Runs a command; what it prints goes to the two writers. */
    static int run(String[] args, PrintWriter out, PrintWriter err) {
        CommandLine commands = new CommandLine(new Sandglass())
                .setOut(out)
                .setErr(err)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(100)
                .setAbbreviatedOptionsAllowed(false)
                .setExecutionStrategy(Sandglass::execute)
                .setParameterExceptionHandler(new UsageErrors())
                .setExecutionExceptionHandler(new CommandFailures());
        return commands.execute(args);
    }

    /** Refuses an unknown command before its help is shown: with --help, picocli lets what it does not know pass. */
    private static int execute(ParseResult result) {
        ParseResult last = result;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        CommandLine command = last.commandSpec().commandLine();
        if (!command.getSubcommands().isEmpty() && !last.unmatched().isEmpty()) {
            throw new UnmatchedArgumentException(command, last.unmatched());
        }
        return new CommandLine.RunLast().execute(result);
    }
}
