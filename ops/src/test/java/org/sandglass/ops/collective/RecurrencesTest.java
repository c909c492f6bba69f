package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecurrencesTest {

    private final Recurrences<Integer> recurrences = new Recurrences<>();

    @Test
    void shouldFindWhatWasMadeForTheSameElementsOnly() {
        FloatBuffer buffer = Buffers.direct(10);
        recurrences.put("sum", buffer, 1);
        assertThat(recurrences.find("sum", buffer)).isEqualTo(1);
        assertThat(recurrences.find("gather", buffer)).isNull();
        assertThat(recurrences.find("sum", buffer.duplicate())).isNull();
        assertThat(recurrences.find("sum", buffer.limit(9))).isNull();
        assertThat(recurrences.find("sum", buffer.limit(10).position(1))).isNull();
        assertThat(recurrences.find("sum", buffer.position(0))).isEqualTo(1);
    }

    @Test
    void shouldReplaceWhatWasMadeForTheSameElements() {
        FloatBuffer buffer = Buffers.direct(10);
        recurrences.put("sum", buffer, 1);
        recurrences.put("sum", buffer, 2);
        assertThat(recurrences.find("sum", buffer)).isEqualTo(2);
    }

    @Test
    void shouldRememberSomeThingsAboutOneBuffer() {
        FloatBuffer buffer = Buffers.direct(10);
        for (int limit = 1; limit <= 4; limit++) {
            recurrences.put("sum", buffer.limit(limit), limit);
        }
        for (int limit = 1; limit <= 4; limit++) {
            assertThat(recurrences.find("sum", buffer.limit(limit))).isEqualTo(limit);
        }
        recurrences.put("sum", buffer.limit(5), 5);
        assertThat(recurrences.find("sum", buffer)).isEqualTo(5);
    }

    @Test
    void shouldRememberManyBuffers() {
        List<FloatBuffer> buffers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            buffers.add(Buffers.direct(1));
            recurrences.put("sum", buffers.get(i), i);
        }
        assertThat(buffers)
                .filteredOn(buffer -> recurrences.find("sum", buffer) != null)
                .hasSizeGreaterThan(15);
    }
}
