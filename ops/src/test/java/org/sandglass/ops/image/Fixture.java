package org.sandglass.ops.image;

import java.io.IOException;
import java.io.InputStream;
import org.sandglass.ops.random.CounterRandom;

/** Images to test with. */
final class Fixture {

    private Fixture() {}

    static byte[] bytes(String name) throws IOException {
        try (InputStream in = Fixture.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("Cannot read fixture: " + name);
            }
            return in.readAllBytes();
        }
    }

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
}
