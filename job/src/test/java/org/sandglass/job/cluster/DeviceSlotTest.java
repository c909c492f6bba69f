package org.sandglass.job.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;
import org.sandglass.job.failure.ExitCode;
import org.sandglass.job.failure.JobFailure;

class DeviceSlotTest {

    @Test
    void shouldTakeTheOneAddressThatSparkGaveTheTask() {
        assertThat(DeviceSlot.of(resources("gpu", "3"), "a").orElseThrow().address())
                .isEqualTo("3");
        assertThat(DeviceSlot.of(Map.of(), "a")).isEmpty();
        assertThat(DeviceSlot.of(resources("fpga", "3"), "a")).isEmpty();
    }

    @Test
    void shouldRefuseSeveralGpusForOneTask() {
        assertThatThrownBy(() -> DeviceSlot.of(resources("gpu", "0", "1"), "a"))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("spark.task.resource.gpu.amount=1")
                .extracting(failure -> ((JobFailure) failure).exitCode())
                .isEqualTo(ExitCode.CLUSTER);
    }

    @Test
    void shouldTellDevicesApartByUuidAndOtherwiseByHostAndNumber() {
        assertThat(new DeviceSlot("a", "0").identity()).isNotEqualTo(new DeviceSlot("b", "0").identity());
        assertThat(new DeviceSlot("a", "0").identity()).isNotEqualTo(new DeviceSlot("a", "1").identity());
        // Containers of one host may have names and numbers of their own.
        assertThat(new DeviceSlot("pod-1", "GPU-5ab3").identity())
                .isEqualTo(new DeviceSlot("pod-2", "GPU-5ab3").identity());
        assertThat(new DeviceSlot("a", "MIG-5ab3").identity()).isEqualTo("MIG-5ab3");
    }

    @Test
    void shouldRefuseTwoRanksOnOneDeviceAndNameThem() {
        assertThatThrownBy(() -> DeviceSlot.refuseShared(List.of("GPU-1", "a/0", "GPU-2", "a/0")))
                .isInstanceOf(JobFailure.class)
                .hasMessageContaining("ranks 1 and 3")
                .hasMessageContaining("a/0");
    }

    @Test
    void shouldAllowRanksOnDevicesOfTheirOwnAndOnProcessors() {
        assertThatCode(() -> DeviceSlot.refuseShared(List.of("a/0", "a/1", "b/0", "GPU-1")))
                .doesNotThrowAnyException();
        assertThatCode(() -> DeviceSlot.refuseShared(List.of("", "", ""))).doesNotThrowAnyException();
    }

    private static Map<String, ResourceInformation> resources(String name, String... addresses) {
        return Map.of(name, new ResourceInformation(name, addresses));
    }
}
