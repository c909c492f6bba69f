package org.sandglass.job.data;

import java.util.Iterator;
import java.util.List;
import org.sandglass.ops.random.CounterRandom;

/** Cuts a task's arriving samples into microbatches, and checks that they are the right ones in the right order. */
sealed interface SampleFeed extends Iterator<SampleFeed.Draft> permits TrainingFeed, EvaluationFeed {

    /** The samples of a microbatch, still encoded. */
    record Draft(long iteration, int worker, List<EncodedSample> samples) {}

    /**
     * Takes the samples of the next microbatch out of the exchange.
     *
     * @throws IllegalStateException if they are not what must come now
     */
    @Override
    Draft next();

    /** The random numbers for the augmentation of a sample. */
    CounterRandom random(long id);
}
