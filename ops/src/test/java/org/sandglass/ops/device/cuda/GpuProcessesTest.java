package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.ops.collective.PeerFailure;

/** Three ranks, of which two live in another process. */
@Tag("cuda-double")
@ExtendWith(CleanDoubles.class)
class GpuProcessesTest {
    private static final int RANKS = 3;
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final int KILLED = 137;

    @TempDir
    private Path directory;

    private byte[] identity = {};
    private final List<Process> started = new ArrayList<>();

    @BeforeEach
    void makeAnIdentity() {
        CudaDoubles.reset(9);
        identity = GpuGroup.newIdentity();
    }

    @AfterEach
    void stop() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void shouldSumBetweenProcesses() throws Exception {
        Process process = start(Map.of());

        assertThatCode(() -> GpuRank.run(identity, 0, RANKS, LONG, () -> {})).doesNotThrowAnyException();

        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
    }

    @Test
    void shouldFailWithinSecondsWhereAProcessIsLostInTheMiddleOfASum() throws Exception {
        Path told = Files.createFile(directory.resolve("die"));
        Process process = start(Map.of("SANDGLASS_NCCL_KILL", told + ":" + GpuRank.SUMS));
        long[] last = {0};

        assertThatThrownBy(() -> GpuRank.run(identity, 0, RANKS, LONG, () -> last[0] = System.nanoTime()))
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("NCCL, rank 0 of 3 on CUDA device 0")
                .hasMessageContaining("remote process exited");

        assertThat(Duration.ofNanos(System.nanoTime() - last[0])).isLessThan(Duration.ofSeconds(5));
        assertThat(process.waitFor()).isEqualTo(KILLED);
        assertThat(told).doesNotExist();
    }

    @Test
    void shouldFailAtTheDeadlineWhereAProcessIsFrozen() throws Exception {
        Process process = start(Map.of());
        int[] sums = {0};

        assertThatThrownBy(() -> GpuRank.run(identity, 0, RANKS, Duration.ofSeconds(5), () -> {
                    if (++sums[0] == 3) {
                        signal(process, "-STOP");
                    }
                }))
                .isInstanceOf(PeerFailure.class)
                .hasMessageContaining("no progress within 5 s");
    }

    private static void signal(Process process, String name) {
        try {
            assertThat(new ProcessBuilder("kill", name, Long.toString(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError("cannot send " + name, e);
        }
    }

    /** Returns once the process runs, so that its start does not count against deadlines. */
    private Process start(Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Dorg.bytedeco.javacpp.platform.linkpath="
                                + System.getProperty("org.bytedeco.javacpp.platform.linkpath"),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        GpuRank.class.getName(),
                        HexFormat.of().formatHex(identity),
                        Integer.toString(RANKS))
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("SANDGLASS_CUDA_DOUBLES", Integer.toString(RANKS));
        builder.environment().putAll(environment);
        Process process = builder.start();
        started.add(process);
        assertThat(process.inputReader(StandardCharsets.UTF_8).readLine()).isEqualTo("READY");
        return process;
    }
}
