package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sandglass.job.config.CollectiveSettings;
import org.sandglass.job.config.Recipe;
import org.sandglass.job.failure.JobFailure;

class PeersTest {

    @ParameterizedTest
    @CsvSource({
        "auto, f32, false, true",
        "auto, f32, true, false",
        "auto, bf16, false, false",
        "nccl, f32, false, true",
        "ring, f32, false, false",
        "halving-doubling, bf16, true, false"
    })
    void shouldSumBetweenHostsByNcclWhereNothingMustBeEncryptedOrRounded(
            String inter, String wire, boolean encrypt, boolean nccl) {
        assertThat(Peers.sumsHostsByNccl(settings(inter, wire), encrypt)).isEqualTo(nccl);
    }

    @Test
    void shouldRefuseNcclWhereConnectionsAreEncrypted() {
        assertThatThrownBy(() -> Peers.sumsHostsByNccl(settings("nccl", "f32"), true))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("collective.inter = nccl")
                .hasMessageContaining("collective.encrypt=false");
    }

    @Test
    void shouldRefuseNcclOnAWireThatRounds() {
        assertThatThrownBy(() -> settings("nccl", "bf16"))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("it needs collective.wire = f32");
    }

    private static CollectiveSettings settings(String inter, String wire) {
        return Recipe.load(null, Map.of("collective.inter", inter, "collective.wire", wire))
                .collective();
    }
}
