package org.sandglass.job.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs {@code scripts/sandglass} as a user does: a process of its own, on executors in processes of their own. */
public final class Launcher {

    private static final Path SCRIPT =
            Path.of("..", "scripts", "sandglass").toAbsolutePath().normalize();
    private static final long LIMIT_SECONDS = 300;

    /** What a command printed and how it ended. */
    public record Result(int exitCode, String output) {}

    private Launcher() {}

    /** Runs a command on two executors of one core each. */
    public static Result run(Path log, String... arguments) {
        return await(start(log, arguments), log);
    }

    /** Runs a command on a Spark that {@code options} describe. */
    static Result run(Path log, List<String> options, Map<String, String> environment, String... arguments) {
        return await(start(log, options, environment, arguments), log);
    }

    public static Result await(Process process, Path log) {
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroy();
                throw new AssertionError("Did not end within " + LIMIT_SECONDS + " s:\n" + Files.readString(log));
            }
            return new Result(process.exitValue(), Files.readString(log));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public static Process start(Path log, String... arguments) {
        return start(log, List.of("--master", "local-cluster[2,1,1024]"), Map.of(), arguments);
    }

    /** Starts a command on a Spark that {@code options} describe. */
    static Process start(Path log, List<String> options, Map<String, String> environment, String... arguments) {
        List<String> command = new ArrayList<>(List.of(SCRIPT.toString()));
        command.addAll(List.of(arguments));
        command.add("--");
        command.addAll(options);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("SPARK_"));
        builder.environment().putAll(environment);
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL to the driver, whose executors then end themselves; waits for the launcher to notice. */
    public static void killDriver(Process process) {
        descendants(process, "org.apache.spark.deploy.SparkSubmit").forEach(ProcessHandle::destroyForcibly);
        process.onExit().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
    }

    /** The executors that descend from {@code process}. */
    static List<ProcessHandle> executors(Process process) {
        return descendants(process, "CoarseGrainedExecutorBackend");
    }

    private static List<ProcessHandle> descendants(Process process, String mainClass) {
        return process.descendants()
                .filter(child -> child.info().commandLine().orElse("").contains(mainClass))
                .toList();
    }
}
