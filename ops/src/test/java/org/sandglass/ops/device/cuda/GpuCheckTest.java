package org.sandglass.ops.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That what is to run where there is a GPU runs, and what its script says where there is none. */
@Tag("cuda-double")
@ExtendWith(CleanDoubles.class)
class GpuCheckTest {

    @BeforeEach
    void forget() {
        CudaDoubles.reset(2);
    }

    @Test
    void shouldDescribeTheMachine() throws Exception {
        assertThat(GpuCheck.run("machine"))
                .contains("gpus 4", "driverCuda 13010")
                .anyMatch(line -> line.startsWith("device test double without a GPU, compute capability 9.0"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"f32", "tf32", "bf16", "f16 graphs", "bf16 graphs"})
    void shouldMeasureSteps(String how) throws Exception {
        List<String> lines = GpuCheck.run(("speed cifar-resnet8 8 2 1 " + how).split(" "));

        assertThat(lines).hasSize(4).first().asString().matches("imagesPerSecond \\d+\\.\\d");
        assertThat(lines.get(1)).matches("loss [67]\\.\\d+");
    }

    @Test
    void shouldMeasureSums() throws Exception {
        assertThat(GpuCheck.run("nccl", "1"))
                .hasSize(3)
                .contains("gpus 4")
                .last()
                .asString()
                .matches("bus.* \\d+\\.\\d+");
    }

    @Test
    void shouldSayWhatItWouldCarryAndRun() throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("../scripts/gpu-check", "--dry-run");
        builder.environment().remove("LD_LIBRARY_PATH");

        assertThat(output(builder))
                .contains(
                        "\"dryRun\": true",
                        "\"carries\"",
                        "GpuCheck contract",
                        "GpuCheck speed resnet50 224 64 20 bf16",
                        "ParityRun cuda resnet50",
                        "\"leftOut\"");
    }

    @Test
    void shouldFindLibrariesOnTheLoadersPath() throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("../scripts/gpu-check", "--dry-run", "--only", "nccl");
        builder.environment().put("LD_LIBRARY_PATH", System.getProperty("org.bytedeco.javacpp.platform.linkpath"));

        assertThat(output(builder))
                .contains("\"libcuda.so.1\": \"the loader's path\"", "\"lacks\": []", "GpuCheck nccl 100")
                .doesNotContain("GpuCheck contract");
    }

    private static String output(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String report = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(report).isZero();
        return report;
    }
}
