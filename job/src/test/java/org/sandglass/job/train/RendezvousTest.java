package org.sandglass.job.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RendezvousTest {

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "a1 a1 b2 b3, 0 2",
        "a1 a2 b3, 0 2",
        "a1 a1 a2 a2, 0 2",
        "a1 a1, 0",
        "a1, 0",
    })
    void shouldHoldSnapshotsOnTwoHostsOrElseInTwoExecutors(String members, String keepers) {
        List<String> slots = List.of(members.split(" "));
        List<Rendezvous.Announcement> all = IntStream.range(0, slots.size())
                .mapToObj(rank -> new Rendezvous.Announcement(
                        "worker" + rank,
                        slots.get(rank).substring(1),
                        slots.get(rank).substring(0, 1),
                        "",
                        "10.0.0." + rank,
                        1000 + rank,
                        "",
                        Stamp.NONE,
                        Stamp.NONE,
                        "",
                        ""))
                .toList();

        assertThat(Rendezvous.keepers(all))
                .containsExactlyElementsOf(List.of(keepers.split(" ")).stream()
                        .map(Integer::valueOf)
                        .toList());
    }
}
