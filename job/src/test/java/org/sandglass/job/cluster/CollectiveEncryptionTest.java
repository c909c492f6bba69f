package org.sandglass.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sandglass.job.config.CollectiveSettings.Encryption;

class CollectiveEncryptionTest {

    @Test
    void shouldEncryptNothingByDefault() {
        assertThat(CollectiveEncryption.wanted(Encryption.AUTO, new SparkConf(false)))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "spark.network.crypto.enabled",
                "spark.authenticate.enableSaslEncryption",
                "spark.ssl.enabled",
                "spark.ssl.rpc.enabled"
            })
    void shouldEncryptWhereSparkDoes(String key) {
        SparkConf spark = new SparkConf(false).set(key, "true");
        assertThat(CollectiveEncryption.wanted(Encryption.AUTO, spark)).isTrue();
        assertThat(CollectiveEncryption.wanted(Encryption.FALSE, spark)).isFalse();
    }

    @Test
    void shouldEncryptWhereTheRecipeSaysSo() {
        assertThat(CollectiveEncryption.wanted(Encryption.TRUE, new SparkConf(false)))
                .isTrue();
    }
}
