package org.sandglass.ops.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.device.LevelImages;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.tensor.Shape;

class ImageTransformTest {

    private static final List<Double> ZERO = List.of(0.0, 0.0, 0.0);
    private static final List<Double> ONE = List.of(1.0, 1.0, 1.0);

    @ParameterizedTest
    @CsvSource({"12, 9, BILINEAR", "29, 20, BILINEAR", "40, 30, BILINEAR", "12, 9, BICUBIC", "40, 30, BICUBIC"})
    void shouldEvaluateAsPillowDoes(int resize, int size, Interpolation filter) throws IOException {
        RgbImage image = ImageDecoder.decode(Fixture.bytes("noise.png"));
        String suffix = filter == Interpolation.BICUBIC ? "-bicubic" : "";
        byte[] expected = Fixture.bytes("noise-%d-%d%s.rgb".formatted(resize, size, suffix));

        int[] levels = levels(evaluated(settings(resize, size, filter, ColorJitter.NONE, 0), image));

        for (int i = 0; i < size * size; i++) {
            for (int channel = 0; channel < 3; channel++) {
                assertThat(levels[channel * size * size + i]).isEqualTo(expected[i * 3 + channel] & 0xff);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "gray.png", "palette.png"})
    void shouldEvaluateFilesAsPillowDoes(String name) throws IOException {
        byte[] expected = Fixture.bytes(name + "-20-16.rgb");
        float[] target = new float[3 * 16 * 16];

        try (ImageBuffers buffers = new ImageBuffers()) {
            ImageTransform.evaluation(settings(Augmentation.Crop.RANDOM_RESIZED, 0, false, 20, 16))
                    .apply(Fixture.bytes(name), random(0), buffers, target, 0);
        }

        int[] levels = levels(target);
        for (int i = 0; i < 16 * 16; i++) {
            for (int channel = 0; channel < 3; channel++) {
                int level = expected[i * 3 + channel] & 0xff;
                assertThat(levels[channel * 16 * 16 + i]).isBetween(level - 1, level + 1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "noise.png", "large"})
    void shouldGiveTheSameWhetherRowsWereLeftOutOrNot(String name) throws IOException {
        byte[] encoded = name.equals("large") ? ImageEncoder.jpeg(Fixture.noise(203, 161, 8), 60) : Fixture.bytes(name);
        RgbImage whole = ImageDecoder.decode(encoded);
        ImageTransform transform = ImageTransform.training(settings(Augmentation.Crop.RANDOM_RESIZED, 0, true, 32, 32));
        float[] target = new float[3 * 32 * 32];

        try (ImageBuffers buffers = new ImageBuffers()) {
            for (int id = 0; id < 50; id++) {
                transform.apply(encoded, random(id), buffers, target, 0);

                assertThat(target).as("id %d", id).isEqualTo(trained(transform, whole, id, 32));
            }
        }
    }

    @Test
    void shouldLeaveOutRowsOfASequentialJpegOnly() throws IOException {
        assertThat(ImageDecoder.header(Fixture.bytes("plain.jpg")).rowsToDecode(1))
                .isEqualTo(9);
        assertThat(ImageDecoder.header(Fixture.bytes("progressive.jpg")).rowsToDecode(1))
                .isEqualTo(16);
        assertThat(ImageDecoder.header(Fixture.bytes("noise.png")).rowsToDecode(1))
                .isEqualTo(29);
    }

    @Test
    void shouldChangeColoursOfTrainingImagesOnly() {
        RgbImage image = Fixture.gradient(40, 30);
        Augmentation plain = settings(32, 32, Interpolation.BILINEAR, ColorJitter.NONE, 0);
        Augmentation coloured = settings(32, 32, Interpolation.BILINEAR, new ColorJitter(0.4, 0.4, 0.4), 0.1);

        float[] before = trained(ImageTransform.training(plain), image, 3, 32);
        float[] after = trained(ImageTransform.training(coloured), image, 3, 32);

        assertThat(after).isNotEqualTo(before);
        assertThat(trained(ImageTransform.training(coloured), image, 3, 32)).isEqualTo(after);
        assertThat(evaluated(coloured, image)).isEqualTo(evaluated(plain, image));
    }

    @ParameterizedTest
    @EnumSource(Augmentation.Crop.class)
    void shouldBeAFunctionOfTheStream(Augmentation.Crop crop) {
        Augmentation settings = settings(crop, 4, true, 32, 32);
        RgbImage image = Fixture.noise(50, 41, 7);
        ImageTransform transform = ImageTransform.training(settings);
        float[][] sequential = IntStream.range(0, 64)
                .mapToObj(id -> trained(transform, image, id, 32))
                .toArray(float[][]::new);

        float[][] concurrent = IntStream.range(0, 64)
                .parallel()
                .mapToObj(id -> trained(transform, image, id, 32))
                .toArray(float[][]::new);

        assertThat(concurrent).isDeepEqualTo(sequential);
        assertThat(new HashSet<>(Arrays.stream(sequential).map(Arrays::hashCode).toList()))
                .hasSizeGreaterThan(1);
    }

    @Test
    void shouldMirrorHalfOfTheImages() {
        RgbImage image = Fixture.noise(8, 8, 3);
        ImageTransform transform = ImageTransform.training(settings(Augmentation.Crop.NONE, 0, true, 8, 8));
        int[] plain = levels(evaluated(settings(Augmentation.Crop.NONE, 0, true, 8, 8), image));
        int[] mirrored = new int[plain.length];
        for (int i = 0; i < plain.length; i++) {
            mirrored[i] = plain[i / 8 * 8 + 7 - i % 8];
        }

        int flips = 0;
        for (int id = 0; id < 1000; id++) {
            int[] levels = levels(trained(transform, image, id, 8));
            assertThat(levels).isIn(plain, mirrored);
            flips += Arrays.equals(levels, mirrored) ? 1 : 0;
        }

        assertThat(flips).isBetween(440, 560);
    }

    @Test
    void shouldPadWithBlackAndReachEveryShift() {
        int padding = 2;
        RgbImage image = Fixture.gradient(8, 8);
        byte[] bright = image.pixels();
        for (int i = 0; i < bright.length; i++) {
            bright[i] = (byte) (10 + i % 200);
        }
        ImageTransform transform = ImageTransform.training(settings(Augmentation.Crop.PAD, padding, false, 8, 8));
        Set<String> shifts = new HashSet<>();

        for (int id = 0; id < 500; id++) {
            int[] levels = levels(trained(transform, image, id, 8));
            shifts.add(shift(image, levels, padding));
        }

        assertThat(shifts).hasSize(25);
    }

    @Test
    void shouldLeaveASmallImageAsItIsInEvaluation() {
        RgbImage image = Fixture.noise(8, 8, 4);

        int[] levels = levels(evaluated(settings(Augmentation.Crop.PAD, 4, true, 8, 8), image));

        for (int i = 0; i < 64; i++) {
            assertThat(levels[i]).isEqualTo(image.sample(i % 8, i / 8, 0));
        }
    }

    @Test
    void shouldNormaliseAndRespectTheOffset() {
        byte[] pixels = {(byte) 255, 51, 0};
        Augmentation settings = new Augmentation(
                Augmentation.Crop.NONE, 0, 1, 1, 1, 1, false, 0, 1, List.of(0.5, 0.2, 0.25), List.of(0.25, 1.0, 0.5));
        float[] target = {9, 9, 9, 9, 9};

        ImageTransform.evaluation(settings).apply(new RgbImage(1, 1, pixels), random(0), target, 1);

        assertThat(target).containsExactly(9, 2, 0, -0.5f, 9);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldCropWithinTheImageAndTheSettings(long seed) {
        RgbImage image = Fixture.noise(120, 90, seed);
        Augmentation settings = settings(Augmentation.Crop.RANDOM_RESIZED, 0, false, 32, 32);
        double meanArea = 0;

        for (int id = 0; id < 1000; id++) {
            CropWindow window = CropWindow.random(image.width(), image.height(), settings, random(seed * 1000 + id));
            assertThat(window.x()).isBetween(0, 120 - window.width());
            assertThat(window.y()).isBetween(0, 90 - window.height());
            double area = window.width() * window.height() / (120.0 * 90.0);
            assertThat(area).isBetween(0.07, 1.0);
            assertThat((double) window.width() / window.height()).isBetween(0.71, 1.4);
            meanArea += area / 1000;
        }

        assertThat(meanArea).isBetween(0.40, 0.56);
    }

    @Test
    void shouldTakeTheMiddleOfAnImageThatIsTooNarrow() {
        RgbImage image = Fixture.noise(300, 10, 1);
        Augmentation settings =
                new Augmentation(Augmentation.Crop.RANDOM_RESIZED, 0, 0.9, 1, 0.75, 4.0 / 3, false, 32, 32, ZERO, ONE);

        assertThat(CropWindow.random(image.width(), image.height(), settings, random(1)))
                .isEqualTo(new CropWindow(143, 0, 13, 10));
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 500", "500, 1", "7, 3", "2000, 40"})
    void shouldTakeAnySize(int width, int height) {
        RgbImage image = Fixture.noise(width, height, 9);
        for (Augmentation.Crop crop : Augmentation.Crop.values()) {
            Augmentation settings = settings(crop, 4, true, 40, 32);

            assertThat(levels(evaluated(settings, image))).hasSize(3 * 32 * 32);
            assertThat(levels(trained(ImageTransform.training(settings), image, 1, 32)))
                    .hasSize(3 * 32 * 32);
        }
    }

    @Test
    void shouldNotResizeWhatHasTheSizeAlready() {
        RgbImage image = Fixture.noise(17, 17, 5);

        int[] levels = levels(evaluated(settings(Augmentation.Crop.RANDOM_RESIZED, 0, true, 17, 17), image));

        for (int i = 0; i < levels.length; i++) {
            assertThat(levels[i]).isEqualTo(image.sample(i % 17, i / 17 % 17, i / (17 * 17)));
        }
    }

    @Test
    void shouldRefuseSettingsThatCannotBe() {
        assertThatThrownBy(() -> settings(Augmentation.Crop.RANDOM_RESIZED, 0, true, 31, 32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Cannot augment: resize must be at least size: [31, 32]");
        assertThatThrownBy(() -> settings(Augmentation.Crop.PAD, -1, true, 32, 32))
                .hasMessageContaining("padding must not be negative");
    }

    private static Augmentation settings(Augmentation.Crop crop, int padding, boolean flip, int resize, int size) {
        return new Augmentation(crop, padding, 0.08, 1, 0.75, 4.0 / 3, flip, resize, size, ZERO, ONE);
    }

    private static Augmentation settings(
            int resize, int size, Interpolation filter, ColorJitter jitter, double lighting) {
        return new Augmentation(
                Augmentation.Crop.RANDOM_RESIZED,
                0,
                0.08,
                1,
                0.75,
                4.0 / 3,
                false,
                resize,
                size,
                ZERO,
                ONE,
                filter,
                jitter,
                lighting);
    }

    private static CounterRandom random(long id) {
        return CounterRandom.of(CounterRandom.Purpose.AUGMENTATION, 0, 0, id);
    }

    private static float[] evaluated(Augmentation settings, RgbImage image) {
        float[] target = new float[3 * settings.size() * settings.size()];
        ImageTransform.evaluation(settings).apply(image, random(0), target, 0);
        return target;
    }

    /** Whatever is drawn: padding, mirroring, colours, light. */
    @ParameterizedTest
    @EnumSource(Augmentation.Crop.class)
    void shouldLeaveToADeviceNumbersThatAreTheSame(Augmentation.Crop crop) throws ImageFormatException {
        int size = 16;
        int images = 12;
        Augmentation plain = settings(crop, crop == Augmentation.Crop.PAD ? 3 : 0, true, 20, size);
        Augmentation settings = new Augmentation(
                crop,
                plain.padding(),
                plain.minArea(),
                plain.maxArea(),
                plain.minAspect(),
                plain.maxAspect(),
                true,
                plain.resize(),
                size,
                plain.mean(),
                plain.std(),
                Interpolation.BICUBIC,
                new ColorJitter(0.4, 0.4, 0.4),
                0.1);
        ImageTransform transform = ImageTransform.training(settings);
        byte[] encoded = ImageEncoder.png(Fixture.noise(24, 21, 5));
        float[] expected = new float[images * 3 * size * size];
        LevelImages levels = new LevelImages(
                images,
                Shape.of(3, size, size),
                new byte[expected.length],
                transform.numbers(),
                new float[3 * images],
                new boolean[images]);
        try (ImageBuffers buffers = new ImageBuffers()) {
            for (int i = 0; i < images; i++) {
                transform.apply(encoded, random(i), buffers, expected, i * 3 * size * size);
                transform.applyToLevels(
                        encoded, random(i), buffers, i, levels.levels(), levels.shifts(), levels.mirrored());
            }
        }
        assertThat(levels.mirrored()).contains(true, false);
        assertThat(levels.toNumbers().array()).isEqualTo(expected);
    }

    private static float[] trained(ImageTransform transform, RgbImage image, long id, int size) {
        float[] target = new float[3 * size * size];
        transform.apply(image, random(id), target, 0);
        return target;
    }

    private static int[] levels(float[] normalised) {
        int[] levels = new int[normalised.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = Math.round(normalised[i] * 255);
            assertThat(levels[i]).isBetween(0, 255);
        }
        return levels;
    }

    private static String shift(RgbImage image, int[] levels, int padding) {
        for (int top = -padding; top <= padding; top++) {
            for (int left = -padding; left <= padding; left++) {
                if (isShifted(image, levels, left, top)) {
                    return left + " " + top;
                }
            }
        }
        throw new AssertionError("Not a shifted image: " + Arrays.toString(levels));
    }

    private static boolean isShifted(RgbImage image, int[] levels, int left, int top) {
        for (int i = 0; i < levels.length; i++) {
            int x = i % 8 - left;
            int y = i / 8 % 8 - top;
            boolean inside = x >= 0 && x < 8 && y >= 0 && y < 8;
            if (levels[i] != (inside ? image.sample(x, y, i / 64) : 0)) {
                return false;
            }
        }
        return true;
    }
}
