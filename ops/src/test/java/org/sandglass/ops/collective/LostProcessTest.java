package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real processes, one of which is killed or frozen in the middle of a sum: the others say so, and soon. */
@Timeout(120)
class LostProcessTest {

    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void killAll() {
        processes.forEach(Process::destroyForcibly);
    }

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = {2, 3, 4})
    void shouldFailWithinFiveSecondsWhenARankIsKilled(int ranks) throws Exception {
        List<BufferedReader> outputs = start(ranks, Duration.ofSeconds(60));
        for (BufferedReader output : outputs) {
            await(output, "DONE 2");
        }

        long start = System.nanoTime();
        processes.get(1).destroyForcibly();

        assertFailures(outputs, 1, start, Duration.ofSeconds(5), "was lost");
    }

    @ParameterizedTest(name = "{0} ranks")
    @ValueSource(ints = 4)
    void shouldFailWithinTheTimeoutWhenARankIsFrozen(int ranks) throws Exception {
        Duration timeout = Duration.ofSeconds(3);
        List<BufferedReader> outputs = start(ranks, timeout);
        for (BufferedReader output : outputs) {
            await(output, "DONE 2");
        }

        long start = System.nanoTime();
        new ProcessBuilder("kill", "-STOP", Long.toString(processes.get(1).pid()))
                .start()
                .waitFor();

        assertFailures(outputs, 1, start, timeout.plusSeconds(1), "");
    }

    @ParameterizedTest(name = "{0}, rank {1}")
    @CsvSource({"aa, 1", "aaa, 0", "aab, 2", "aabb, 1", "aabb, 2"})
    void shouldFailWithinFiveSecondsWhenARankOfAHostIsKilled(String hosts, int victim) throws Exception {
        List<BufferedReader> outputs = start(hosts.length(), Duration.ofSeconds(60), hosts);
        for (BufferedReader output : outputs) {
            await(output, "DONE 2");
        }

        long start = System.nanoTime();
        processes.get(victim).destroyForcibly();

        assertFailures(outputs, victim, start, Duration.ofSeconds(5), "was lost");
    }

    @ParameterizedTest(name = "{0}, rank {1}")
    @CsvSource({"aaa, 1", "aabb, 1", "aabb, 2"})
    void shouldFailWithinTheTimeoutWhenARankOfAHostIsFrozen(String hosts, int victim) throws Exception {
        Duration timeout = Duration.ofSeconds(3);
        List<BufferedReader> outputs = start(hosts.length(), timeout, hosts);
        for (BufferedReader output : outputs) {
            await(output, "DONE 2");
        }

        long start = System.nanoTime();
        new ProcessBuilder("kill", "-STOP", Long.toString(processes.get(victim).pid()))
                .start()
                .waitFor();

        assertFailures(outputs, victim, start, timeout.plusSeconds(1), "");
    }

    private void assertFailures(List<BufferedReader> outputs, int victim, long start, Duration limit, String reason)
            throws Exception {
        for (int rank = 0; rank < outputs.size(); rank++) {
            if (rank != victim) {
                assertThat(await(outputs.get(rank), "FAILED"))
                        .contains("Cannot complete all-reduce of 2000000 elements")
                        .contains("on rank " + rank + ": rank " + victim + " at ")
                        .contains(reason);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(limit);
                assertThat(processes.get(rank).waitFor(10, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    private List<BufferedReader> start(int ranks, Duration timeout, String... hosts) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<BufferedReader> outputs = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            List<String> command = new ArrayList<>(List.of(
                    java,
                    "-Xmx64m",
                    "-XX:TieredStopAtLevel=1",
                    "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                    "-cp",
                    System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                    RankProcess.class.getName(),
                    Integer.toString(rank),
                    Long.toString(timeout.toMillis())));
            command.addAll(List.of(hosts));
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            processes.add(process);
            outputs.add(process.inputReader(StandardCharsets.UTF_8));
        }
        String ports = outputs.stream()
                .map(output -> await(output, "PORT ").substring(5))
                .collect(Collectors.joining(" ", "", "\n"));
        for (Process process : processes) {
            process.getOutputStream().write(ports.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        }
        return outputs;
    }

    /** Reads on to the line that begins so. */
    private static String await(BufferedReader output, String beginning) {
        try {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.startsWith(beginning)) {
                    return line;
                }
            }
        } catch (IOException cause) {
            throw new UncheckedIOException(cause);
        }
        throw new AssertionError("no line begins with " + beginning);
    }
}
