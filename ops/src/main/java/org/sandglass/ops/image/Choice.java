package org.sandglass.ops.image;

import org.sandglass.ops.random.CounterRandom;

/** Decides what becomes of an image, from its size alone. Thread-safe. */
sealed interface Choice permits TrainingChoice, EvaluationChoice {

    /** What becomes of one image. */
    record Made(Resampling resampling, Placement placement, Colours colours) {}

    Made choose(int width, int height, CounterRandom random);
}
