package org.sandglass.job.bench;

import java.nio.FloatBuffer;

/** Where the microbatches of a measured step come from: made up once, or through the input pipeline. For one thread. */
public interface Inputs extends AutoCloseable {

    /** Goes on to the next microbatch, always a full one. */
    void advance();

    /** batchSize × channels × height × width, until the next {@link #advance}. */
    FloatBuffer images();

    int[] labels();

    @Override
    void close();
}
