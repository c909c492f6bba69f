package org.sandglass.job.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointManifestTest {

    private static final CheckpointManifest MANIFEST =
            Checkpoints.manifest(5, List.of(new StoredFile("model.safetensors", 17, "0".repeat(64))));

    @Test
    void shouldTravelAsText() {
        assertThat(CheckpointManifest.fromJson(MANIFEST.toJson())).isEqualTo(MANIFEST);
    }

    @Test
    void shouldBeOrdinaryJson() throws IOException {
        JsonNode json = new ObjectMapper().readTree(MANIFEST.toJson());

        assertThat(json.path("epoch").intValue()).isEqualTo(5);
        assertThat(json.path("files").path(0).path("length").intValue()).isEqualTo(17);
        assertThat(json.path("ledger").path("verdict").textValue()).isEqualTo("exact");
        assertThat(json.path("checksum").textValue()).hasSize(64);
    }

    @Test
    void shouldBelieveNothingWithoutItsChecksum() {
        String text = MANIFEST.toJson();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CheckpointManifest.fromJson(text.replace("\"epoch\" : 5", "\"epoch\" : 6")))
                .withMessageContaining("altered");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CheckpointManifest.fromJson(text + " "))
                .withMessageContaining("altered");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> CheckpointManifest.fromJson("{}"))
                .withMessageContaining("cut short");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../model.safetensors", "/etc/passwd", "..", ".", "", "a/b", "hdfs://x"})
    void shouldNameNoFileOutsideItsDirectory(String name) {
        assertThatIllegalArgumentException().isThrownBy(() -> new StoredFile(name, 1, "0".repeat(64)));
    }
}
