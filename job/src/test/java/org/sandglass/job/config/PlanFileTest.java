package org.sandglass.job.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

class PlanFileTest {

    private static final String PAPER = "../conf/paper/cluster-2017.conf";

    static Stream<String> files() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(PAPER).resolveSibling(""))) {
            return files.map(Path::toString).filter(name -> name.endsWith(".conf")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("files")
    void shouldReadExperimentsAsTheRecipeThatSettingsStartFrom(String file) {
        assertThat(PlanFile.load(file, Map.of()).cluster().isPresent()).isEqualTo(file.contains("cluster-2017"));
    }

    @Test
    void shouldWantAWorkerForEachDevice() {
        assertThatThrownBy(() -> PlanFile.load(PAPER, Map.of("training.workers", "255")))
                .isInstanceOfSatisfying(JobFailure.class, failure -> assertThat(failure.exitCode())
                        .isEqualTo(ExitCode.USAGE))
                .hasMessageMatching("Cannot read recipe: .*cluster-2017\\.conf:\\d+: cluster\\.hosts ×"
                        + " cluster\\.devicesPerHost = 256 devices have training\\.workers = 255 workers: each needs one;"
                        + " plan for fewer devices or more workers");
        assertThat(PlanFile.load(PAPER, Map.of("training.workers", "257")).cluster())
                .isPresent();
    }

    @ParameterizedTest
    @CsvSource({
        "model.name, resnet101, calibration.model = resnet50",
        "training.precision, bf16, calibration.precision = f32",
        "augmentation.size, 160, calibration.size = 224"
    })
    void shouldRefuseTimesOfAnotherStep(String key, String value, String measured) {
        assertThatThrownBy(() -> PlanFile.load(PAPER, Map.of(key, value)))
                .isInstanceOfSatisfying(JobFailure.class, failure -> assertThat(failure.exitCode())
                        .isEqualTo(ExitCode.USAGE))
                .hasMessageContaining(measured + ", and the recipe has " + key + " = " + value + ": ")
                .hasMessageContaining("sandglass calibrate with this recipe, or give times of its step");
        String calibrated = measured.substring(0, measured.indexOf(' '));
        assertThat(PlanFile.load(PAPER, Map.of(key, value, calibrated, value)).cluster())
                .isPresent();
    }

    @Test
    void shouldNameWhatIsMissingOrUnknown() {
        assertThatThrownBy(() -> PlanFile.load(null, Map.of("cluster.hosts", "3")))
                .isInstanceOf(JobFailure.class)
                .hasMessageStartingWith(
                        "Cannot read recipe: without --conf: a plan for a cluster needs" + " cluster.devicesPerHost, ");
        assertThatThrownBy(() -> PlanFile.load(PAPER, Map.of("cluster.link.gbit", "3")))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("unknown key cluster.link.gbit; the nearest is cluster.link.gbps");
        assertThat(PlanFile.load("../conf/quickstart.conf", Map.of()).cluster()).isEmpty();
    }
}
