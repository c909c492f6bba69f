package org.sandglass.job.train;

import java.io.Serial;
import java.io.Serializable;

/**
 * What the driver tells every task of a barrier stage.
 *
 * @param run token of this driver's run; executor-resident state of any other run is discarded
 * @param attempt number of this stage within the run, from {@link #FIRST_ATTEMPT} on; tasks of an earlier attempt are strangers
 * @param secret what collective connections prove to know; never logged
 * @param encrypt whether collective connections are encrypted
 * @param recipe the rendered recipe
 * @param classes number of classes of the training table
 * @param source the states that the stage may start from
 */
@SuppressWarnings("ArrayRecordComponent") // orders are sent, never compared
record StageOrder(
        String run, long attempt, byte[] secret, boolean encrypt, String recipe, int classes, StateSource source)
        implements Serializable {

    /** That of a run's first stage. */
    static final long FIRST_ATTEMPT = 1;

    @Serial
    private static final long serialVersionUID = 1L;

    @Override
    public String toString() {
        return "StageOrder[run=" + run + ", attempt=" + attempt + ", source=" + source + "]";
    }
}
