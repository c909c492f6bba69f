package org.sandglass.job;

import java.util.Optional;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Turns what a command throws into one line and the exit code of the contract; the stack trace goes to the log. */
final class CommandFailures implements IExecutionExceptionHandler {

    private static final Logger LOG = LoggerFactory.getLogger(CommandFailures.class);

    @Override
    public int handleExecutionException(Exception e, CommandLine command, ParseResult arguments) {
        LOG.error("Command failed", e);
        Optional<JobFailure> failure = jobFailure(e);
        String message =
                failure.map(f -> String.valueOf(f.getMessage())).orElseGet(() -> "Unexpected error: " + firstLine(e));
        command.getErr().println("sandglass: " + message);
        if (isVerbose(arguments)) {
            e.printStackTrace(command.getErr());
        } else if (failure.isEmpty()) {
            String log = System.getProperty("sandglass.log.file");
            command.getErr()
                    .println("  (--verbose shows the stack trace" + (log == null ? ")" : "; the log is " + log + ")"));
        }
        return failure.map(JobFailure::exitCode).orElse(ExitCode.OTHER).code();
    }

    private static boolean isVerbose(ParseResult arguments) {
        return arguments.hasMatchedOption("--verbose")
                || (arguments.hasSubcommand() && isVerbose(arguments.subcommand()));
    }

    /** The failure itself, or the one that caused what Spark threw. */
    private static Optional<JobFailure> jobFailure(Throwable thrown) {
        for (Throwable t = thrown; t != null; t = t.getCause()) {
            if (t instanceof JobFailure failure) {
                return Optional.of(failure);
            }
        }
        return Optional.empty();
    }

    private static String firstLine(Throwable thrown) {
        return thrown.toString().lines().findFirst().orElse("");
    }
}
