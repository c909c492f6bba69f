package org.sandglass.job.report;

import java.io.PrintStream;

/**
 * Tells a person how a run goes. Safe for use by several threads: iterations are told by Spark's RPC thread, the rest by
 * the driver's own.
 */
public interface Progress extends AutoCloseable {

    /** A progress bar where the stream is a terminal, plain lines elsewhere. */
    static Progress to(PrintStream stream) {
        return Terminal.is(stream)
                ? new BarProgress(stream, Terminal.columns())
                : new PlainProgress(stream, System::nanoTime);
    }

    /**
     * Training starts or goes on.
     *
     * @param doneIterations iterations of earlier attempts
     * @param samplesPerIteration kn
     */
    void begin(int epochs, long iterationsPerEpoch, long doneIterations, long samplesPerIteration);

    /** An iteration is done; {@code epoch} from 1, {@code iteration} of the whole run from 0. */
    void iteration(int epoch, long iteration, double loss, double imagesPerSecond);

    void epoch(EpochMetrics metrics);

    /** A line of its own. */
    void note(String line);

    @Override
    void close();
}
