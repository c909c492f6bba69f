package org.sandglass.job;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.sandglass.job.config.NearestName;
import org.sandglass.job.failure.ExitCode;
import picocli.CommandLine;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns a wrong command line into one line that says what is wrong, what was probably meant, and where help is. */
final class UsageErrors implements IParameterExceptionHandler {

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        // A mistyped option is what is wrong, and not that the right one is missing.
        List<String> unmatched =
                e instanceof UnmatchedArgumentException u ? u.getUnmatched() : command.getUnmatchedArguments();
        String message = unmatched.isEmpty() ? String.valueOf(e.getMessage()) : unknown(command, unmatched.get(0));
        command.getErr().println("sandglass: " + message + " (see " + name + " --help)");
        return ExitCode.USAGE.code();
    }

    private static String unknown(CommandLine command, String argument) {
        boolean option = argument.startsWith("-");
        Collection<String> known =
                option ? optionNames(command) : command.getSubcommands().keySet();
        if (!option && known.isEmpty()) {
            return "Unexpected argument: " + argument;
        }
        String what = option ? "Unknown option: " : "Unknown command: ";
        return what
                + argument
                + NearestName.of(argument, known)
                        .map(nearest -> "; the nearest is " + nearest)
                        .orElse("");
    }

    private static List<String> optionNames(CommandLine command) {
        List<String> names = new ArrayList<>();
        for (OptionSpec option : command.getCommandSpec().options()) {
            names.add(option.longestName());
        }
        return names;
    }
}
