package org.sandglass.job.doctor;

import java.io.Serial;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * What the driver asks of every task of a probe.
 *
 * @param marker URI of the file that the driver put into the run directory; null if none was named
 * @param secret what the connections prove to know; never logged
 * @param encrypt whether the connections are encrypted
 * @param networkInterface the recipe's; null if it names none
 * @param timeoutMillis for connecting the ranks
 */
@SuppressWarnings("ArrayRecordComponent") // orders are sent, never compared
record ProbeOrder(
        @Nullable String marker,
        byte[] secret,
        boolean encrypt,
        @Nullable String networkInterface,
        long timeoutMillis) implements Serializable {

    @Serial
    private static final long serialVersionUID = 1L;

    @Override
    public String toString() {
        return "ProbeOrder[marker=" + marker + "]";
    }
}
