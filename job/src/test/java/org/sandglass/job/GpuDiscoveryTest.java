package org.sandglass.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/gpu-discovery.sh} with a made-up {@code nvidia-smi} on the path. */
class GpuDiscoveryTest {

    private static final Path SCRIPT =
            Path.of("..", "scripts", "gpu-discovery.sh").toAbsolutePath().normalize();
    private static final List<String> TOOLS = List.of("bash", "awk", "hostname");

    @TempDir
    Path bin;

    private record Outcome(int exitCode, String out, String error) {}

    @Test
    void shouldListTheUuidsOfAllGpus() throws Exception {
        nvidiaSmi("printf '%s\\n' 'GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11111111-aaaa)'"
                + " 'GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-22222222-bbbb)'");
        Outcome outcome = discover();
        assertThat(outcome.exitCode()).as(outcome.error()).isZero();
        assertThat(outcome.out()).hasLineCount(1);
        JsonNode json = new ObjectMapper().readTree(outcome.out());
        assertThat(json.get("name").asText()).isEqualTo("gpu");
        assertThat(addresses(json)).containsExactly("GPU-11111111-aaaa", "GPU-22222222-bbbb");
    }

    @Test
    void shouldListTheInstancesOfAGpuThatIsCutIntoSome() throws Exception {
        nvidiaSmi("printf '%s\\n' 'GPU 0: NVIDIA H100 (UUID: GPU-1)' '  MIG 3g.40gb Device 0: (UUID: MIG-5)'"
                + " '  MIG 3g.40gb Device 1: (UUID: MIG-6)' 'GPU 1: NVIDIA H100 (UUID: GPU-2)'");
        assertThat(addresses(new ObjectMapper().readTree(discover().out()))).containsExactly("GPU-2", "MIG-5", "MIG-6");
    }

    @Test
    void shouldSayWhatIsMissingWithoutADriver() throws Exception {
        Outcome outcome = discover();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.error()).hasLineCount(1).contains("Cannot find GPUs", "no nvidia-smi", "install");
    }

    @Test
    void shouldSayWhatTheDriverSaysWhenItFails() throws Exception {
        nvidiaSmi("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9");
        Outcome outcome = discover();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.error()).contains("could not communicate");
    }

    @Test
    void shouldSayThatAHostHasNoGpu() throws Exception {
        nvidiaSmi("echo 'No devices found.'");
        Outcome outcome = discover();
        assertThat(outcome.exitCode()).isEqualTo(1);
        assertThat(outcome.error()).contains("lists none");
    }

    private static List<String> addresses(JsonNode json) {
        return StreamSupport.stream(json.get("addresses").spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private void nvidiaSmi(String body) throws IOException {
        Path program = Files.writeString(bin.resolve("nvidia-smi"), "#!/bin/sh\n" + body + "\n");
        assertThat(program.toFile().setExecutable(true)).isTrue();
    }

    private Outcome discover() throws IOException, InterruptedException {
        for (String tool : TOOLS) {
            Path real = List.of(Path.of("/usr/bin", tool), Path.of("/bin", tool)).stream()
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow();
            Files.createSymbolicLink(bin.resolve(tool), real);
        }
        ProcessBuilder builder = new ProcessBuilder(bin.resolve("bash").toString(), SCRIPT.toString())
                .redirectOutput(bin.resolve("out").toFile())
                .redirectError(bin.resolve("err").toFile());
        builder.environment().put("PATH", bin.toString());
        Process process = builder.start();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return new Outcome(
                process.exitValue(), Files.readString(bin.resolve("out")), Files.readString(bin.resolve("err")));
    }
}
