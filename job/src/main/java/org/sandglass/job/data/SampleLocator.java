package org.sandglass.job.data;

import java.io.Serializable;

/** Tells people where a sample lies: travels to the executors, for their error messages. */
@FunctionalInterface
public interface SampleLocator extends Serializable {

    /** For example {@code row 17 of part-00003.parquet}. */
    String describe(long id);
}
