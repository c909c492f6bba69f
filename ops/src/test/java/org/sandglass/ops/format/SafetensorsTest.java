package org.sandglass.ops.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.ops.random.CounterRandom;
import org.sandglass.ops.random.CounterRandom.Purpose;
import org.sandglass.ops.tensor.NamedTensor;
import org.sandglass.ops.tensor.Shape;

class SafetensorsTest {

    private static final List<NamedTensor> TENSORS = List.of(
            tensor("layer1.0.conv1.weight", 7, 3, 3, 3),
            tensor("fc.bias", 5),
            tensor("größe \"quoted\"", 40_000),
            tensor("scalar"));

    @Test
    void shouldReadWhatItWrote() throws IOException {
        byte[] file = written(Map.of("format", "pt", "note", "a\nb"), TENSORS);

        Safetensors.Contents contents = Safetensors.read(new ByteArrayInputStream(file), file.length);

        assertThat(contents.metadata()).containsExactlyInAnyOrderEntriesOf(Map.of("format", "pt", "note", "a\nb"));
        assertThat(contents.tensors()).hasSize(TENSORS.size());
        for (NamedTensor tensor : TENSORS) {
            assertThat(contents.tensors()).containsEntry(tensor.name(), tensor);
        }
    }

    @Test
    void shouldWriteTheLayoutOfTheSpecification() throws IOException {
        byte[] file = written(
                Map.of(),
                List.of(
                        new NamedTensor("b", Shape.of(2, 1), FloatBuffer.wrap(new float[] {1f, -2.5f})),
                        new NamedTensor("a", Shape.of(1), FloatBuffer.wrap(new float[] {3f}))));

        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int headerLength = Math.toIntExact(bytes.getLong(0));
        assertThat((8 + headerLength) % 8).isZero();
        assertThat(new String(file, 8, headerLength, StandardCharsets.UTF_8).stripTrailing())
                .isEqualTo("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[4,12]}}");
        assertThat(bytes.getFloat(8 + headerLength)).isEqualTo(3f);
        assertThat(bytes.getFloat(8 + headerLength + 4)).isEqualTo(1f);
        assertThat(bytes.getFloat(8 + headerLength + 8)).isEqualTo(-2.5f);
        assertThat(file).hasSize(8 + headerLength + 12);
    }

    @Test
    void shouldNotMoveThePositionOfWhatItWritesAndReadDirectBuffers() throws IOException {
        FloatBuffer values = ByteBuffer.allocateDirect(400_000)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        values.put(77_777, 4f).position(1000).limit(90_000);

        byte[] file = written(Map.of(), List.of(new NamedTensor("direct", Shape.of(89_000), values)));

        assertThat(values.position()).isEqualTo(1000);
        Safetensors.Contents contents = Safetensors.read(new ByteArrayInputStream(file), file.length);
        NamedTensor read = Objects.requireNonNull(contents.tensors().get("direct"));
        assertThat(read.values().get(76_777)).isEqualTo(4f);
    }

    @Test
    void shouldHashTheBytesThatFollowTheHeaderWhateverTheOrderGiven() throws Exception {
        byte[] file = written(Map.of(), TENSORS);
        int data = 8
                + Math.toIntExact(
                        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong());
        String expected = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(Arrays.copyOfRange(file, data, file.length)));

        assertThat(Safetensors.sha256(TENSORS)).isEqualTo(expected);
        assertThat(Safetensors.sha256(List.of(TENSORS.get(3), TENSORS.get(2), TENSORS.get(0), TENSORS.get(1))))
                .isEqualTo(expected);
    }

    @Test
    void shouldChangeTheHashWithOneBit() {
        NamedTensor tensor = tensor("a", 100_000);
        String before = Safetensors.sha256(List.of(tensor));

        tensor.values().put(99_999, Math.nextUp(tensor.values().get(99_999)));

        assertThat(Safetensors.sha256(List.of(tensor))).isNotEqualTo(before);
    }

    @Test
    void shouldRefuseTwoTensorsOfOneNameAndTheReservedName() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> written(Map.of(), List.of(tensor("a", 1), tensor("a", 2))))
                .withMessageContaining("two are named a");
        assertThatIllegalArgumentException().isThrownBy(() -> written(Map.of(), List.of(tensor("__metadata__", 1))));
    }

    @Test
    void shouldReadWhatOthersWroteInAnotherOrderAndWithoutPadding() throws IOException {
        byte[] file = file(
                "{\"z\":{\"data_offsets\":[0,4],\"shape\":[],\"dtype\":\"F32\"},"
                        + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
                12);

        Safetensors.Contents contents = Safetensors.read(new ByteArrayInputStream(file), file.length);

        assertThat(contents.tensors().keySet()).containsExactly("z", "a");
        assertThat(contents.metadata()).isEmpty();
    }

    @Test
    void shouldRefuseAFileCutAtAnyByte() throws IOException {
        byte[] file = written(Map.of("format", "pt"), List.of(tensor("a", 3), tensor("b", 2, 2)));
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(cut), cut.length))
                    .as("cut to %s bytes", length)
                    .isInstanceOf(FormatException.class);
            assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(cut), file.length))
                    .as("stream ends after %s bytes", length)
                    .isInstanceOf(FormatException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1000, 100_000_001, Long.MAX_VALUE, -1, Long.MIN_VALUE, 1L << 32})
    void shouldRefuseAHeaderLengthBeforeAllocatingIt(long headerLength) {
        byte[] file = file("{}", 0);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, headerLength);

        assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(file), file.length))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("header length " + Long.toUnsignedString(headerLength));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'a':{'dtype':'BF16','shape':[2],'data_offsets':[0,4]}}|tensor a: dtype BF16",
                "{'a':{'shape':[1],'data_offsets':[0,4]}}|tensor a: dtype missing",
                "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}|needs 8 bytes",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}|begin at 4",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}}|data_offsets [4, 0]",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4,8]}}|data_offsets [0, 4, 8]",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[-4,0]}}|data_offsets holds -4",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,18446744073709551617]}}|data_offsets holds",
                "{'a':{'dtype':'F32','shape':[1.5],'data_offsets':[0,4]}}|shape holds 1.5",
                "{'a':{'dtype':'F32','shape':1,'data_offsets':[0,4]}}|shape is not an array",
                "{'a':{'dtype':'F32','shape':[0],'data_offsets':[0,0]}}|empty or too large",
                "{'a':{'dtype':'F32','shape':[4294967296,4294967296,4],'data_offsets':[0,4]}}|empty or too large",
                "{'a':{'dtype':'F32','shape':[1073741824,4],'data_offsets':[0,4]}}|empty or too large",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}|begin at 0",
                "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}|Duplicate",
                "{'a':17}|tensor a: dtype missing",
                "{}|describes 0 bytes of values, the file has 4",
                "{'__metadata__':{'n':1}}|__metadata__.n is not a string",
                "{'__metadata__':[]}|__metadata__ is not an object",
                "{'a':|not JSON",
                "{} {}|not JSON",
                "[{}]|does not begin with {",
            })
    void shouldRefuseAHeaderThatLies(String header, String reason) {
        byte[] file = file(header.replace('\'', '"'), 4);

        assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(file), file.length))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void shouldRefuseAHeaderThatIsNotUtf8() {
        byte[] file = file("{\"a?\":1}", 0);
        file[11] = (byte) 0xff;

        assertThatThrownBy(() -> Safetensors.read(new ByteArrayInputStream(file), file.length))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("UTF-8");
    }

    private static NamedTensor tensor(String name, int... extents) {
        Shape shape = Shape.of(extents);
        CounterRandom random = CounterRandom.of(Purpose.SYNTHESIS, name.hashCode());
        float[] values = new float[(int) shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new NamedTensor(name, shape, FloatBuffer.wrap(values));
    }

    private static byte[] written(Map<String, String> metadata, List<NamedTensor> tensors) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Safetensors.write(out, metadata, tensors);
        return out.toByteArray();
    }

    private static byte[] file(String header, int dataBytes) {
        byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + bytes.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(bytes.length)
                .put(bytes)
                .array();
    }
}
