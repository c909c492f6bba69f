package org.sandglass.job.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.ops.image.ImageDecoder;
import org.sandglass.ops.image.ImageFormatException;
import org.sandglass.ops.random.CounterRandom;

/** Where the real data sets stand beside the repository ({@code shared/data}), their images are tried. */
@Tag("slow")
class RealImagesTest {

    private static final int CUTS = 8;

    @ParameterizedTest
    @CsvSource({"ilsvrc2012-sample.tar, 250, 1", "cifar10-jpeg.tar.xz, 60000, 50"})
    void shouldDecodeEveryImageAndRefuseItCutAnywhere(String archive, int images, int cutEvery) throws IOException {
        Path file = sharedData().map(data -> data.resolve(archive)).findFirst().orElse(Path.of(archive));
        assumeTrue(Files.exists(file), "no " + archive);
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, 1);
        int decoded = 0;
        try (TarEntries entries = TarEntries.decompressing(Files.newInputStream(file))) {
            while (entries.advance()) {
                if (!ImagePaths.isImage(entries.path())) {
                    continue;
                }
                byte[] bytes = entries.content();
                assertThatCode(() -> ImageDecoder.decode(bytes))
                        .as(entries.path())
                        .doesNotThrowAnyException();
                if (decoded++ % cutEvery == 0) {
                    refuseCut(bytes, random);
                }
            }
        }
        assertThat(decoded).isEqualTo(images);
    }

    private static void refuseCut(byte[] whole, CounterRandom random) {
        for (int i = 0; i < CUTS; i++) {
            byte[] cut = Arrays.copyOf(whole, i == 0 ? whole.length - 1 : 3 + random.nextInt(whole.length - 3));
            assertThatThrownBy(() -> ImageDecoder.decode(cut))
                    .isInstanceOf(ImageFormatException.class)
                    .hasMessageContaining("truncated");
        }
    }

    private static Stream<Path> sharedData() {
        return Stream.iterate(Path.of("").toAbsolutePath(), directory -> directory != null, Path::getParent)
                .map(directory -> directory.resolve("shared/data"))
                .filter(Files::isDirectory);
    }
}
