package org.sandglass.job.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sandglass.ops.image.ImageEncoder;
import org.sandglass.ops.image.RgbImage;
import org.sandglass.ops.tensor.DataType;

class StepBenchTest {

    @TempDir
    private Path directory;

    @Test
    void shouldTimeStepsAndSayWhatEachLayerTakes() {
        try (StepBench bench = StepBench.open(new StepCase("cifar-resnet8", 4, 1, DataType.F32, null))) {
            assertThat(Arrays.stream(bench.run(3)).boxed()).hasSize(3).allMatch(seconds -> seconds > 0);

            StepProfile profile = bench.profile(2);

            assertThat(profile.layers()).extracting(StepProfile.Layer::name).contains("conv1", "layer1.0.conv1", "fc");
            assertThat(profile.convolutionSeconds()).isPositive();
            assertThat(profile.peakFlops()).isGreaterThan(1e8);
            assertThat(profile.table()).contains("layer1.0.conv1", "all convolutions", "%");
        }
    }

    @Test
    void shouldTakeMicrobatchesOutOfADirectoryEpochAfterEpoch() throws IOException {
        for (int i = 0; i < 5; i++) {
            byte[] pixels = new byte[32 * 32 * 3];
            Arrays.fill(pixels, (byte) (50 * i));
            Files.write(directory.resolve(i + ".png"), ImageEncoder.png(new RgbImage(32, 32, pixels)));
        }
        try (StepBench bench = StepBench.open(new StepCase("cifar-resnet8", 4, 1, DataType.F32, directory))) {
            assertThat(bench.run(5)).hasSize(5);
        }
        assertThatThrownBy(() -> StepBench.open(new StepCase("cifar-resnet8", 6, 1, DataType.F32, directory)))
                .hasMessageContaining("holds 5 files, and a microbatch needs 6");
        assertThatThrownBy(() -> new StepCase("resnet5", 6, 1, DataType.F32, null))
                .hasMessageContaining("unknown model");
    }
}
