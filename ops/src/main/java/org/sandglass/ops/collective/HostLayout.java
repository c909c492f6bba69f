package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.List;

/** Which ranks share a host: neighbours all, the lowest of whom leads. Hosts are numbered in the order of ranks. Immutable. */
final class HostLayout {

    private final List<String> hosts;
    private final int[] first;

    /**
     * @param hosts the host of each rank; a host's ranks are neighbours
     */
    HostLayout(List<String> hosts) {
        this.hosts = hosts;
        List<Integer> leaders = new ArrayList<>();
        for (int rank = 0; rank < hosts.size(); rank++) {
            if (rank == 0 || !hosts.get(rank).equals(hosts.get(rank - 1))) {
                leaders.add(rank);
            }
        }
        leaders.add(hosts.size());
        this.first = leaders.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Number of hosts. */
    int count() {
        return first.length - 1;
    }

    String name(int host) {
        return hosts.get(leader(host));
    }

    int host(int rank) {
        int host = 0;
        while (rank >= first[host + 1]) {
            host++;
        }
        return host;
    }

    /** The lowest rank of a host. */
    int leader(int host) {
        return first[host];
    }

    /** Number of ranks on a host. */
    int ranks(int host) {
        return first[host + 1] - first[host];
    }

    int mostRanks() {
        int most = 0;
        for (int host = 0; host < count(); host++) {
            most = Math.max(most, ranks(host));
        }
        return most;
    }
}
