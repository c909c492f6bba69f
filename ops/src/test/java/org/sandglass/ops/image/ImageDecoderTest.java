package org.sandglass.ops.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {

    @Test
    void shouldGiveBackAPng() throws ImageFormatException {
        RgbImage image = Fixture.noise(37, 23, 1);

        assertThat(ImageDecoder.decode(ImageEncoder.png(image))).isEqualTo(image);
    }

    @Test
    void shouldDecodeAJpegInRgbOrder() throws ImageFormatException {
        RgbImage image = Fixture.gradient(64, 48);

        RgbImage decoded = ImageDecoder.decode(ImageEncoder.jpeg(image, 95));

        for (int i = 0; i < image.pixels().length; i++) {
            assertThat(decoded.pixels()[i] & 0xff)
                    .isBetween((image.pixels()[i] & 0xff) - 12, (image.pixels()[i] & 0xff) + 12);
        }
    }

    @Test
    void shouldRefuseAJpegCutAnywhere() {
        byte[] whole = ImageEncoder.jpeg(Fixture.noise(48, 40, 2), 80);

        for (int length = 3; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> ImageDecoder.decode(cut))
                    .isInstanceOf(ImageFormatException.class)
                    .hasMessageContaining("truncated JPEG");
        }
    }

    @Test
    void shouldRefuseAPngCutAnywhere() {
        byte[] whole = ImageEncoder.png(Fixture.noise(12, 10, 3));

        for (int length = 8; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> ImageDecoder.decode(cut))
                    .isInstanceOf(ImageFormatException.class)
                    .hasMessageContaining("truncated PNG");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "plain.jpg",
                "progressive.jpg",
                "gray.jpg",
                "cmyk.jpg",
                "rotated.jpg",
                "gray.png",
                "gray-alpha.png",
                "alpha.png",
                "palette.png",
                "palette-transparent.png",
                "bilevel.png",
                "deep.png",
                "gray-deep.png"
            })
    void shouldDecodeAsPillowDoes(String name) throws IOException {
        RgbImage image = ImageDecoder.decode(Fixture.bytes(name));

        assertThat(image.width()).isEqualTo(24);
        assertThat(image.height()).isEqualTo(16);
        byte[] expected = Fixture.bytes(name + ".rgb");
        for (int i = 0; i < expected.length; i++) {
            assertThat(image.pixels()[i] & 0xff).isBetween((expected[i] & 0xff) - 1, (expected[i] & 0xff) + 1);
        }
    }

    @Test
    void shouldTakeBytesAfterTheEnd() throws IOException {
        byte[] whole = Fixture.bytes("plain.jpg");

        RgbImage image = ImageDecoder.decode(Arrays.copyOf(whole, whole.length + 100));

        assertThat(image).isEqualTo(ImageDecoder.decode(whole));
    }

    @Test
    void shouldNotTakeAThumbnailsEndForTheImages() throws IOException {
        byte[] whole = Fixture.bytes("plain.jpg");
        byte[] thumbnail = {(byte) 0xff, (byte) 0xe1, 0, 6, 'x', 'x', (byte) 0xff, (byte) 0xd9};
        byte[] both = new byte[whole.length + thumbnail.length];
        System.arraycopy(whole, 0, both, 0, 2);
        System.arraycopy(thumbnail, 0, both, 2, thumbnail.length);
        System.arraycopy(whole, 2, both, 2 + thumbnail.length, whole.length - 2);

        assertThat(ImageDecoder.decode(both)).isEqualTo(ImageDecoder.decode(whole));
        assertThatThrownBy(() -> ImageDecoder.decode(Arrays.copyOf(both, both.length - 2)))
                .hasMessageContaining("truncated JPEG");
    }

    @Test
    void shouldRefuseAJpegWithMoreScansThanAnybodyWrites() throws IOException {
        byte[] whole = Fixture.bytes("progressive.jpg");
        byte[] scan = {(byte) 0xff, (byte) 0xda, 0, 8, 1, 1, 0, 1, 63, 0};
        byte[] bomb = Arrays.copyOf(whole, whole.length - 2 + 100 * scan.length + 2);
        for (int i = 0; i < 100; i++) {
            System.arraycopy(scan, 0, bomb, whole.length - 2 + i * scan.length, scan.length);
        }
        System.arraycopy(whole, whole.length - 2, bomb, bomb.length - 2, 2);

        assertThatThrownBy(() -> ImageDecoder.decode(bomb))
                .isInstanceOf(ImageFormatException.class)
                .hasMessage("too large: more than 100 scans");
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.jpg", "alpha.png"})
    void shouldRefuseAnImageThatClaimsTooManyPixels(String name) throws IOException {
        byte[] bomb = Fixture.bytes(name);
        if (name.endsWith("jpg")) {
            int frame = indexOf(bomb, (byte) 0xff, (byte) 0xc0);
            Arrays.fill(bomb, frame + 5, frame + 9, (byte) 0x7f);
        } else {
            Arrays.fill(bomb, 17, 24, (byte) 0x7f);
            CRC32 sum = new CRC32();
            sum.update(bomb, 12, 17);
            ByteBuffer.wrap(bomb).putInt(29, (int) sum.getValue());
        }

        assertThatThrownBy(() -> ImageDecoder.decode(bomb))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("too large");
    }

    @Test
    void shouldRefuseAPngWithAWrongSum() throws IOException {
        byte[] bytes = Fixture.bytes("deep.png");
        bytes[bytes.length / 2] ^= 1;

        assertThatThrownBy(() -> ImageDecoder.decode(bytes)).hasMessageContaining("wrong check sum of chunk IDAT");
    }

    @Test
    void shouldRefuseAPngWithoutAllItsRows() {
        assertThatThrownBy(() -> ImageDecoder.decode(Fixture.bytes("half.png")))
                .isInstanceOf(ImageFormatException.class)
                .hasMessageContaining("corrupt");
    }

    @Test
    void shouldRefuseAJpegWithoutAnImage() {
        byte[] empty = {(byte) 0xff, (byte) 0xd8, (byte) 0xff, (byte) 0xd9};

        assertThatThrownBy(() -> ImageDecoder.decode(empty)).hasMessageContaining("no image data");
    }

    @Test
    void shouldRefuseWhatIsNoImage() {
        assertThatThrownBy(() -> ImageDecoder.decode(new byte[0])).hasMessage("empty: 0 bytes");
        assertThatThrownBy(() -> ImageDecoder.decode("<html>".getBytes(StandardCharsets.US_ASCII)))
                .isInstanceOf(ImageFormatException.class)
                .hasMessage("not a JPEG or PNG (first bytes 3c 68 74 6d)");
    }

    private static int indexOf(byte[] bytes, byte first, byte second) {
        for (int i = 0; i + 1 < bytes.length; i++) {
            if (bytes[i] == first && bytes[i + 1] == second) {
                return i;
            }
        }
        throw new AssertionError("no such bytes");
    }
}
