package org.sandglass.ops.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sandglass.ops.random.CounterRandom;

class ColoursTest {

    private static final int SIZE = 16;

    @Test
    void shouldMultiplyAsPillowDoes() throws IOException {
        assertThat(multiplied(
                        new Colours.Change(Colours.Kind.BRIGHTNESS, 1.3),
                        new Colours.Change(Colours.Kind.CONTRAST, 0.7),
                        new Colours.Change(Colours.Kind.SATURATION, 1.6)))
                .isEqualTo(rows("noise-16-b13-c07-s16.rgb"));
        assertThat(multiplied(
                        new Colours.Change(Colours.Kind.SATURATION, 0.4),
                        new Colours.Change(Colours.Kind.CONTRAST, 1.4),
                        new Colours.Change(Colours.Kind.BRIGHTNESS, 0.8)))
                .isEqualTo(rows("noise-16-s04-c14-b08.rgb"));
    }

    @Test
    void shouldLightAsNumpyDoes() {
        assertThat(Colours.light(new double[] {0.1, -0.2, 0.05}))
                .containsExactly(new double[] {-0.01495711, -0.01279863, -0.00998628}, within(1e-8));
    }

    @Test
    void shouldDrawFactorsWithinTheSettingsAndEveryOrder() {
        Augmentation settings = settings(new ColorJitter(0.4, 0.3, 1.5), 0.1);
        Set<String> orders = new HashSet<>();
        double squares = 0;
        for (int id = 0; id < 2000; id++) {
            Colours colours = Colours.random(settings, random(id));
            orders.add(colours.changes().stream()
                    .map(Colours.Change::kind)
                    .toList()
                    .toString());
            for (Colours.Change change : colours.changes()) {
                switch (change.kind()) {
                    case BRIGHTNESS -> assertThat(change.factor()).isBetween(0.6, 1.4);
                    case CONTRAST -> assertThat(change.factor()).isBetween(0.7, 1.3);
                    case SATURATION -> assertThat(change.factor()).isBetween(0.0, 2.5);
                }
            }
            squares += colours.light()[0] * colours.light()[0] / 2000;
        }

        assertThat(orders).hasSize(6);
        // The first component alone: 0.1 · 0.5675 · 0.2175.
        assertThat(Math.sqrt(squares)).isBetween(0.0115, 0.0135);
    }

    @Test
    void shouldDrawNothingForWhatIsOff() {
        CounterRandom used = random(1);
        assertThat(Colours.random(settings(ColorJitter.NONE, 0), used).isUnchanged())
                .isTrue();
        assertThat(used.nextLong()).isEqualTo(random(1).nextLong());

        Colours onlyContrast = Colours.random(settings(new ColorJitter(0, 0.5, 0), 0), random(1));
        assertThat(onlyContrast.changes()).hasSize(1);
        assertThat(onlyContrast.light()).containsOnly(0);
        assertThat(onlyContrast.isUnchanged()).isFalse();
    }

    @Test
    void shouldRefuseNegativeStrengths() {
        assertThatThrownBy(() -> new ColorJitter(-0.1, 0, 0))
                .hasMessageContaining("must not be negative: brightness=-0.1");
        assertThatThrownBy(() -> settings(ColorJitter.NONE, -1)).hasMessageContaining("lighting must not be negative");
    }

    private static int[] multiplied(Colours.Change... changes) throws IOException {
        int[] levels = rows("noise-16.rgb");
        new Colours(List.of(changes), new double[3]).multiply(levels, SIZE);
        return levels;
    }

    /** From pixels of three bytes to rows of red, green and blue. */
    private static int[] rows(String name) throws IOException {
        byte[] pixels = Fixture.bytes(name);
        int[] rows = new int[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            int x = i / 3 % SIZE;
            int y = i / 3 / SIZE;
            rows[(y * 3 + i % 3) * SIZE + x] = pixels[i] & 0xff;
        }
        return rows;
    }

    private static CounterRandom random(long id) {
        return CounterRandom.of(CounterRandom.Purpose.AUGMENTATION, 0, 0, id);
    }

    private static Augmentation settings(ColorJitter jitter, double lighting) {
        List<Double> zero = List.of(0.0, 0.0, 0.0);
        List<Double> one = List.of(1.0, 1.0, 1.0);
        return new Augmentation(
                Augmentation.Crop.NONE,
                0,
                1,
                1,
                1,
                1,
                false,
                SIZE,
                SIZE,
                zero,
                one,
                Interpolation.BILINEAR,
                jitter,
                lighting);
    }
}
