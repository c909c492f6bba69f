package org.sandglass.ops.collective;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which ranks share a host. Hosts are numbered in the order of their lowest ranks, who lead them; within a host, ranks have
 * lanes in the order of ranks. Immutable.
 */
public final class HostLayout {

    private final List<String> names;
    private final List<List<Integer>> members;
    private final int[] hosts;

    /**
     * @param hosts the host of each rank
     */
    public HostLayout(List<String> hosts) {
        Map<String, List<Integer>> byName = new LinkedHashMap<>();
        for (int rank = 0; rank < hosts.size(); rank++) {
            byName.computeIfAbsent(hosts.get(rank), name -> new ArrayList<>()).add(rank);
        }
        this.names = List.copyOf(byName.keySet());
        this.members = byName.values().stream().map(List::copyOf).toList();
        this.hosts = hosts.stream().mapToInt(names::indexOf).toArray();
    }

    /** Number of hosts. */
    public int count() {
        return names.size();
    }

    String name(int host) {
        return names.get(host);
    }

    public int host(int rank) {
        return hosts[rank];
    }

    /** The ranks of a host, by their lanes. */
    public List<Integer> members(int host) {
        return members.get(host);
    }

    /** The lowest rank of a host. */
    public int leader(int host) {
        return members(host).get(0);
    }

    /** Number of ranks on a host. */
    int ranks(int host) {
        return members(host).size();
    }

    int mostRanks() {
        return members.stream().mapToInt(List::size).max().orElse(0);
    }
}
