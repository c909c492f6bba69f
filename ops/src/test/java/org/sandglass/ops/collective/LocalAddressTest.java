package org.sandglass.ops.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LocalAddressTest {

    private static final List<LocalAddress.Interface> HOST = List.of(
            new LocalAddress.Interface("lo", addresses("127.0.0.1", "::1")),
            new LocalAddress.Interface("eth0", addresses("fe80::1", "fd00:1::5", "10.1.2.3")),
            new LocalAddress.Interface("ib0", addresses("fe80::2", "192.168.64.9", "2001:db8::9")),
            new LocalAddress.Interface("tun0", addresses("fe80::3")));

    @ParameterizedTest
    @CsvSource({
        "eth0, 10.1.2.3",
        "lo, 127.0.0.1",
        "10.0.0.0/8, 10.1.2.3",
        "10.1.2.3, 10.1.2.3",
        "10.1.2.0/31, ",
        "10.1.2.2/31, 10.1.2.3",
        "192.168.64.0/18, 192.168.64.9",
        "192.168.0.0/18, ",
        "0.0.0.0/0, 127.0.0.1",
        "fd00::/8, fd00:1:0:0:0:0:0:5",
        "fd00:1::/32, fd00:1:0:0:0:0:0:5",
        "fd00:2::/32, ",
        "2001:db8::9, 2001:db8:0:0:0:0:0:9",
        "::1/128, 0:0:0:0:0:0:0:1",
        "eth1, ",
        "tun0, ",
    })
    void shouldChooseByNameOrNetwork(String choice, String address) {
        if (address == null) {
            assertThatThrownBy(() -> LocalAddress.on(choice, HOST))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"" + choice + "\"")
                    .hasMessageContaining("this host has lo (127.0.0.1, 0:0:0:0:0:0:0:1), eth0 (")
                    .hasMessageContaining("ib0 (fe80:0:0:0:0:0:0:2, 192.168.64.9, 2001:db8:0:0:0:0:0:9)");
        } else {
            assertThat(LocalAddress.on(choice, HOST).getHostAddress()).isEqualTo(address);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.0/33",
                "10.0.0.0/",
                "10.0.0.0/8/8",
                "10.0.0/8",
                "10.0.0.256/8",
                "eth0/8",
                "fd00::/129",
                "::g"
            })
    void shouldSayWhatIsWrongWithANetwork(String choice) {
        assertThatThrownBy(() -> LocalAddress.on(choice, HOST))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Cannot choose a network interface: \"" + choice + "\": ")
                .hasMessageContaining("write a network like 10.1.0.0/16");
    }

    @Test
    void shouldFindTheLoopbackInterfaceOfThisHost() throws Exception {
        NetworkInterface loopback = NetworkInterface.getByInetAddress(address("127.0.0.1"));

        assertThat(LocalAddress.on(loopback.getName()).isLoopbackAddress()).isTrue();
        assertThat(LocalAddress.on("127.0.0.0/8").isLoopbackAddress()).isTrue();
    }

    private static List<InetAddress> addresses(String... literals) {
        return Arrays.stream(literals).map(LocalAddressTest::address).toList();
    }

    private static InetAddress address(String literal) {
        try {
            return InetAddress.getAllByName(literal)[0];
        } catch (UnknownHostException cause) {
            throw new IllegalStateException(cause);
        }
    }
}
