package org.sandglass.ops.collective;

/**
 * What a rank has where sums go by host: everybody's group, and one of the hosts' lowest ranks.
 *
 * @param all every rank's
 * @param leaders by host, of who leads one; of others a group of themselves alone
 */
public record HostGroups(HostLayout layout, Communicator all, Communicator leaders) implements AutoCloseable {

    @Override
    public void close() {
        leaders.close();
        all.close();
    }
}
