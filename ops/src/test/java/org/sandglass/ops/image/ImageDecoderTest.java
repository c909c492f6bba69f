package org.sandglass.ops.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.sandglass.ops.random.CounterRandom;

class ImageDecoderTest {

    static RgbImage gradient(int width, int height) {
        byte[] pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int i = (y * width + x) * 3;
                pixels[i] = (byte) (255 * x / width);
                pixels[i + 1] = (byte) (255 * y / height);
                pixels[i + 2] = (byte) (200 - 100 * x / width);
            }
        }
        return new RgbImage(width, height, pixels);
    }

    static RgbImage noise(int width, int height, long seed) {
        CounterRandom random = CounterRandom.of(CounterRandom.Purpose.SYNTHESIS, seed);
        byte[] pixels = new byte[width * height * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) random.nextInt(256);
        }
        return new RgbImage(width, height, pixels);
    }

    @Test
    void shouldGiveBackAPng() throws ImageFormatException {
        RgbImage image = noise(37, 23, 1);

        assertThat(ImageDecoder.decode(ImageEncoder.png(image))).isEqualTo(image);
    }

    @Test
    void shouldDecodeAJpegInRgbOrder() throws ImageFormatException {
        RgbImage image = gradient(64, 48);

        RgbImage decoded = ImageDecoder.decode(ImageEncoder.jpeg(image, 95));

        for (int i = 0; i < image.pixels().length; i++) {
            assertThat(decoded.pixels()[i] & 0xff)
                    .isBetween((image.pixels()[i] & 0xff) - 12, (image.pixels()[i] & 0xff) + 12);
        }
    }

    @Test
    void shouldRefuseAJpegCutAnywhere() {
        byte[] whole = ImageEncoder.jpeg(noise(48, 40, 2), 80);

        for (int length = 3; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> ImageDecoder.decode(cut))
                    .isInstanceOf(ImageFormatException.class)
                    .hasMessageContaining("truncated JPEG");
        }
    }

    @Test
    void shouldRefuseAPngCutAnywhere() {
        byte[] whole = ImageEncoder.png(noise(12, 10, 3));

        for (int length = 8; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> ImageDecoder.decode(cut))
                    .isInstanceOf(ImageFormatException.class)
                    .hasMessageContaining("truncated PNG");
        }
    }

    @Test
    void shouldRefuseWhatIsNoImage() {
        assertThatThrownBy(() -> ImageDecoder.decode(new byte[0])).hasMessage("empty: 0 bytes");
        assertThatThrownBy(() -> ImageDecoder.decode("<html>".getBytes(StandardCharsets.US_ASCII)))
                .isInstanceOf(ImageFormatException.class)
                .hasMessage("not a JPEG or PNG (first bytes 3c 68 74 6d)");
    }
}
