package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BrainFloatsTest {

    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "-2.5, -2.5",
        "0, 0",
        "-0.0, -0.0",
        "1.00390625, 1",
        "1.01171875, 1.015625",
        "1.00390637, 1.0078125",
        "-1.00390637, -1.0078125",
        "3.4028235E38, Infinity",
        "Infinity, Infinity",
        "-Infinity, -Infinity",
        "1e-45, 0"
    })
    void shouldRoundToTheNearestAndTiesToEven(float value, float expected) {
        assertThat(BrainFloats.rounded(Float.floatToRawIntBits(value))).isEqualTo(Float.floatToRawIntBits(expected));
    }

    @Test
    void shouldBeNoFartherThanEitherNeighbour() {
        Random random = new Random(7);
        for (int i = 0; i < 100_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (!Float.isFinite(value) || Math.abs(value) > 3e38f) {
                continue;
            }
            int rounded = BrainFloats.rounded(Float.floatToRawIntBits(value));
            int below = Float.floatToRawIntBits(value) & 0xffff_0000;
            int above = below + 0x1_0000;
            BigDecimal toBelow = distance(value, below);
            BigDecimal toAbove = distance(value, above);
            int order = toBelow.compareTo(toAbove);
            int expected = order < 0 || (order == 0 && (below & 0x1_0000) == 0) ? below : above;
            assertThat(rounded).as("%s", value).isEqualTo(expected);
        }
    }

    @Test
    void shouldKeepEverythingThatIsNoNumberSo() {
        for (int bits : new int[] {0x7f80_0001, 0x7fff_ffff, 0xff80_0001, 0xffff_ffff, 0x7fc0_0000}) {
            assertThat(Float.intBitsToFloat(BrainFloats.rounded(bits))).isNaN();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 7, 2047, 2048, 2049, 5000, 6145})
    void shouldDecodeWhatItEncodes(int elements) {
        FloatBuffer values = Buffers.direct(elements + 2);
        ByteBuffer memory =
                ByteBuffer.allocateDirect((elements + 2) * Float.BYTES).order(ByteOrder.nativeOrder());
        FloatBuffer floats = memory.asFloatBuffer();
        floats.put(Buffers.fractions(elements + 2, 0, elements)).flip();
        values.put(floats.duplicate()).flip();
        ByteBuffer wire =
                ByteBuffer.allocateDirect(elements * BrainFloats.BYTES).order(ByteOrder.nativeOrder());
        BrainFloats codec = new BrainFloats();

        codec.encode(memory.asIntBuffer(), 1, elements, wire, wire.asIntBuffer());

        assertThat(floats.get(0)).isEqualTo(values.get(0));
        assertThat(floats.get(elements + 1)).isEqualTo(values.get(elements + 1));
        for (int done = 0; done < elements; done += BrainFloats.BLOCK) {
            int count = Math.min(BrainFloats.BLOCK, elements - done);
            FloatBuffer decoded = codec.decode(wire, wire.asIntBuffer(), done / 2, count);
            for (int i = 0; i < count; i++) {
                float rounded =
                        Float.intBitsToFloat(BrainFloats.rounded(Float.floatToRawIntBits(values.get(1 + done + i))));
                assertThat(floats.get(1 + done + i)).isEqualTo(rounded);
                assertThat(decoded.get(i)).isEqualTo(rounded);
            }
        }
    }

    private static BigDecimal distance(float value, int bits) {
        return new BigDecimal(value)
                .subtract(new BigDecimal(Float.intBitsToFloat(bits)))
                .abs();
    }
}
